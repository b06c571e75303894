import { assertEquals, assertMatch } from "@std/assert";
import { verifyJwt } from "../../lib/server/jwt.ts";
import { importJwtKeys } from "../../lib/server/jwt_key.ts";
import { runTokenCommand } from "../../lib/server/token_command.ts";
import { lacks } from "../program.ts";
import { JwksServer } from "./jwks_server.ts";
import { issuerKey, pemOf, signHs256 } from "./jwt_support.ts";

const SECRET = "a secret of at least 32 bytes, ok?";
const NOW_MS = Date.UTC(2026, 10, 26, 12);
const NOW_SECONDS = NOW_MS / 1_000;

function run(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  return runTokenCommand(args, (name) => ({ JWT_KEY: SECRET, ...settings })[name], {
    nowMs: NOW_MS,
  });
}

/** A new ES256 key pair as PEM. */
async function keyPair() {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return {
    JWT_KEY: pemOf(await crypto.subtle.exportKey("spki", pair.publicKey)),
    JWT_PRIVATE_KEY: pemOf(
      await crypto.subtle.exportKey("pkcs8", pair.privateKey),
      "PRIVATE KEY",
    ),
  };
}

Deno.test("deno task token makes a token that the server accepts", async () => {
  const args = ["--subscribe", "orders/*,news", "--subscribe=*", "--publish", "orders/7"];
  const { stdout, stderr, code } = await run([...args, "--for", "30d"]);
  assertEquals(code, 0);
  assertEquals(await verifyJwt(stdout![0]!, await importJwtKeys(SECRET), NOW_SECONDS), {
    expiresAtSeconds: NOW_SECONDS + 30 * 86_400 + 5,
    subscribe: ["orders/*", "news", "*"],
    publish: ["orders/7"],
  });
  assertEquals(stderr, [
    "It may subscribe to orders/*, news, * and publish to orders/7, until 2026-12-26T12:00:00Z",
  ]);
});

Deno.test("deno task token lets a token live for an hour, or for the time of --for", async () => {
  const table = { "90s": 90, "15m": 900, "1h": 3_600, "36500d": 3_153_600_000 };
  const secondsOf = async (args: string[]) => {
    const { stdout } = await run(["--publish", "a", ...args]);
    const result = await verifyJwt(stdout![0]!, await importJwtKeys(SECRET), NOW_SECONDS);
    return "fault" in result ? result : result.expiresAtSeconds - 5 - NOW_SECONDS;
  };
  assertEquals(await secondsOf([]), 3_600);
  for (const [text, seconds] of Object.entries(table)) {
    assertEquals([text, await secondsOf(["--for", text])], [text, seconds]);
  }
});

Deno.test("deno task token signs with ES256 and a private key, with or without the public key", async () => {
  const keys = await keyPair();
  for (const JWT_KEY of [keys.JWT_KEY, ""]) {
    const { stdout, code } = await run(["--publish", "a"], { ...keys, JWT_KEY });
    const result = await verifyJwt(stdout![0]!, await importJwtKeys(keys.JWT_KEY), NOW_SECONDS);
    assertEquals([code, "fault" in result], [0, false]);
  }
});

Deno.test("deno task token says what is wrong, and what to type instead", async () => {
  const { JWT_KEY, JWT_PRIVATE_KEY } = await keyPair();
  const other = await keyPair();
  const publish = ["--publish", "a"];
  const table: [string[], Record<string, string>, RegExp][] = [
    [[], {}, /say what it may do with --subscribe, --publish or --admin; see --help$/],
    [["--subscribe"], {}, /--subscribe needs a value/],
    [["--stream=secret"], {}, /there is no argument "--stream"; see --help$/],
    [
      ["--publish", "orders*"],
      {},
      /"orders\*" is not a stream; write a name such as news, orders\/\*/,
    ],
    [["--publish", "a,,b"], {}, /"" is not a stream/],
    [[...publish, "--for", "1w"], {}, /--for "1w" is not a time such as 90s, 15m, 1h or 30d/],
    [[...publish, "--for", "0h"], {}, /--for "0h" is not a time/],
    [publish, { JWT_KEY: "" }, /set JWT_KEY to the secret that the server has$/],
    [publish, { JWT_KEY: "short" }, /JWT_KEY: expected .* got a text of 5 bytes$/],
    [publish, { JWT_KEY }, /JWT_KEY has no secret, .* set JWT_PRIVATE_KEY/],
    [publish, { JWT_KEY, JWT_PRIVATE_KEY: other.JWT_PRIVATE_KEY }, /does not belong to JWT_KEY/],
    [publish, { JWT_PRIVATE_KEY }, /does not belong to JWT_KEY/],
    [
      publish,
      { JWT_KEY, JWT_PRIVATE_KEY: "x" },
      /PKCS #8; RSA, P-256 or Ed25519\); openssl pkcs8 -topk8/,
    ],
    [["--verify", "x"], { JWT_KEY: "" }, /set JWT_KEY or JWKS_URL as the server has them$/],
  ];
  for (const [args, settings, text] of table) {
    const { stdout, stderr, code } = await run(args, settings);
    assertEquals([stdout, stderr?.length, code], [undefined, 1, 2]);
    assertMatch(stderr![0]!, text);
    assertMatch(stderr![0]!, /^Cannot make or explain a token: /);
  }
});

Deno.test("deno task token --help prints how to use it", async () => {
  const { stdout, code } = await run(["--for", "x", "--help"]);
  assertEquals(code, 0);
  assertMatch(stdout!.join("\n"), /--verify <token>/);
});

Deno.test("deno task token --verify explains a token that is valid", async () => {
  const { stdout: [token = ""] = [] } = await run(["--subscribe", "orders/*", "--for", "3h"]);
  assertEquals(await run(["--verify", `${token}\n`]), {
    stdout: [
      "Valid      signed with JWT_KEY (HS256)",
      "Subscribe  orders/*",
      "Publish    nothing",
      'Header     {"alg":"HS256","typ":"JWT"}',
      'Claims     {"exp":1795705200,"sse":{"subscribe":["orders/*"],"publish":[]}}',
      "exp        2026-11-26T15:00:00Z, in 3 h",
    ],
    code: 0,
  });
});

Deno.test("deno task token --verify says why a token is refused", async () => {
  const sse = { subscribe: ["a"] };
  const sign = (claims: unknown, secret = SECRET) => signHs256(claims, secret);
  const table: [string, string, string?][] = [
    [
      "a.b",
      "it is not a JSON Web Token: three parts in base64url, joined by dots, of at most 8 KiB",
    ],
    [
      await sign({ exp: NOW_SECONDS + 9, sse }, `${SECRET}!`),
      "it was not signed with JWT_KEY: it comes from another key, or was changed",
    ],
    [
      await sign({ exp: NOW_SECONDS - 7_200, sse }),
      "The token expired at 2026-11-26T10:00:00.000Z: get a new one",
      "exp        2026-11-26T10:00:00Z, 2 h ago",
    ],
    [
      await sign({ exp: NOW_SECONDS + 9, nbf: NOW_SECONDS + 300, sse }),
      "The token is not valid before 2026-11-26T12:05:00.000Z (claim nbf)",
      "nbf        2026-11-26T12:05:00Z, in 5 min",
    ],
    [
      await sign({ exp: NOW_MS, sse }),
      "The token's claim exp is after the year 9999: it must be in seconds, not milliseconds",
    ],
    [
      await sign({ exp: NOW_SECONDS + 9 }),
      "The token has no claim sse: it must be an object with lists of streams, such as " +
      '{"subscribe":["news"],"publish":["orders/*"]}',
    ],
  ];
  for (const [token, why, time] of table) {
    const { stdout = [], code } = await run(["--verify", token]);
    assertEquals([stdout[0], code], [`Refused    ${why}`, 1]);
    if (time !== undefined) assertEquals(stdout.at(-1), time);
  }
});

Deno.test("deno task token --verify names the algorithm of a token that is for another key", async () => {
  const { JWT_KEY } = await keyPair();
  const token = await signHs256({ exp: NOW_SECONDS + 9, sse: {} }, SECRET);
  const { stdout = [] } = await run(["--verify", token], { JWT_KEY });
  assertEquals(stdout[0], 'Refused    its header says alg "HS256", and JWT_KEY is for ES256');
});

Deno.test("deno task token --verify lets no token control the terminal", async () => {
  const token = await signHs256({ exp: NOW_SECONDS + 9, sse: { publish: ["\u009b31m"] } }, SECRET);
  const { stdout = [] } = await run(["--verify", token]);
  assertEquals(stdout[2], "Publish    \\u009b31m");
  // deno-lint-ignore no-control-regex
  assertEquals(stdout.filter((line) => /[\u0000-\u001f\u007f-\u009f]/.test(line)), []);
});

Deno.test("deno task token makes a token that opens the console", async () => {
  const { stdout: [token = ""] = [], stderr } = await run(["--admin", "write", "--for", "90s"]);
  assertEquals(stderr, ["It may do everything, until 2026-11-26T12:01:30Z"]);
  const { stdout = [], code } = await run(["--verify", token]);
  assertEquals([code, stdout.slice(0, 4)], [0, [
    "Valid      signed with JWT_KEY (HS256)",
    "Subscribe  nothing",
    "Publish    nothing",
    "Console    write",
  ]]);
  const { stderr: wrong } = await run(["--admin", "all"]);
  assertMatch(wrong![0]!, /--admin "all" is neither read nor write$/);
});

Deno.test("deno task token makes and explains a token for the server's issuer, audience and claim", async () => {
  const settings = { JWT_ISSUER: "me", JWT_AUDIENCE: "hub,other", JWT_CLAIM: "a.sse" };
  const { stdout: [token = ""] = [] } = await run(["--publish", "x"], settings);
  const { stdout = [] } = await run(["--verify", token], settings);
  assertEquals(
    stdout[4],
    'Claims     {"iss":"me","aud":"hub","exp":1795698000,"a":{"sse":' +
      '{"subscribe":[],"publish":["x"]}}}',
  );
  const table: [settings: Record<string, string>, why: string][] = [
    [{ JWT_ISSUER: "you" }, "The token's claim iss must be you (JWT_ISSUER)"],
    [{ JWT_AUDIENCE: "b, c" }, "The token's claim aud must name b or c (JWT_AUDIENCE)"],
  ];
  for (const [other, why] of table) {
    const { stdout = [] } = await run(["--verify", token], { ...settings, ...other });
    assertEquals(stdout[0], `Refused    ${why}`);
  }
});

Deno.test({
  name: "deno task token --verify names the key of JWKS_URL, or those that it has instead",
  ignore: await lacks("net"),
  async fn() {
    const key = await issuerKey("RS256", { kid: "2026-11" });
    await using server = new JwksServer([key.jwk]);
    const settings = { JWT_KEY: "", JWKS_URL: server.url };
    const claims = { exp: NOW_SECONDS + 9, sse: {} };
    const table: [token: string, line: string][] = [
      [await key.sign(claims), 'Valid      signed with the key "2026-11" of JWKS_URL (RS256)'],
      [
        await key.sign(claims, { kid: "2026-10" }),
        'Refused    its header has the kid "2026-10", and JWKS_URL has "2026-11"',
      ],
      [
        await signHs256(claims, SECRET),
        'Refused    its header says alg "HS256", and JWKS_URL is for RS256',
      ],
      [
        await key.sign(claims, { alg: "none" }),
        'Refused    its header says alg "none"; use HS256, RS256, PS256, ES256, EdDSA',
      ],
    ];
    for (const [token, line] of table) {
      assertEquals((await run(["--verify", token], settings)).stdout![0], line);
    }
    server.answer = () => new Response(null, { status: 500 });
    const { stdout = [], code } = await run(["--verify", await key.sign(claims)], settings);
    assertEquals(code, 1);
    assertEquals(
      stdout[0],
      "Refused    The keys that verify tokens are unreachable (JWKS_URL): " +
        "the answer has status 500",
    );
  },
});
