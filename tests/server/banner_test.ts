import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bannerLines, DEMO_STREAM, stoppingLine } from "../../lib/server/banner.ts";
import { denoCommands, nodeCommands } from "../../lib/server/command_names.ts";
import { showAddress } from "../../lib/server/listen_address.ts";
import { readConfig } from "../../lib/server/read_config.ts";
import { readFile } from "../manual.ts";
import { lacks } from "../program.ts";

const TOKEN = "0123456789abcdef";
const SECRET = "a secret of at least 32 bytes, ok?";

/** The banner of a server with these settings, at a terminal unless said otherwise. */
function banner(
  settings: Readonly<Record<string, string>>,
  options: Partial<Parameters<typeof bannerLines>[0]> = {},
): readonly string[] {
  const config = readConfig((name) => settings[name]);
  return bannerLines({
    config,
    address: showAddress({ transport: "tcp", hostname: config.host, port: 8_080 }, "http"),
    isTerminal: true,
    isTokenNew: false,
    isWindows: false,
    commands: denoCommands,
    createLoginCode: () => config.publishToken && "the-code",
    ...options,
  });
}

Deno.test("bannerLines() names URL, console, token, a publish and how to stop at a terminal", () => {
  assertEquals(banner({ PUBLISH_TOKEN: TOKEN }, { isTokenNew: true }), [
    "Listening on http://localhost:8080/ and at every other address of this machine",
    "Console   http://localhost:8080/console#code=the-code (logs in once, within 60 s)",
    `Token     ${TOKEN} (for this run; set PUBLISH_TOKEN to have one of your own)`,
    `Publish   curl -H "Authorization: Bearer ${TOKEN}" -H "Content-Type: text/plain" -d Hello ` +
    '"http://localhost:8080/sse?stream=chat"',
    "Stop      Ctrl-C",
  ]);
});

Deno.test("bannerLines() never repeats the operator's own token", () => {
  const [, , publish = ""] = banner({ PUBLISH_TOKEN: TOKEN });
  assertStringIncludes(publish, 'curl -H "Authorization: Bearer $PUBLISH_TOKEN" ');
  const [, , forWindows = ""] = banner({ PUBLISH_TOKEN: TOKEN }, { isWindows: true });
  assertStringIncludes(forWindows, 'curl.exe -H "Authorization: Bearer $env:PUBLISH_TOKEN" ');
});

Deno.test("bannerLines() is one line without a terminal, and makes no login code", () => {
  const createLoginCode = () => {
    throw new Error("A code was made");
  };
  const options = { isTerminal: false, createLoginCode };
  assertEquals(banner({ HOST: "127.0.0.1", PUBLISH_TOKEN: TOKEN }, options), [
    "Listening on http://127.0.0.1:8080/",
  ]);
  assertEquals(banner({ HOST: "::1" }, options), [
    "Listening on http://[::1]:8080/",
    "Publishing is disabled; set PUBLISH_TOKEN or JWT_KEY to enable it",
  ]);
});

Deno.test("bannerLines() says how to get a token where only JWTs may publish", () => {
  assertEquals(banner({ JWT_KEY: SECRET }).slice(1), [
    "Publish   with a token from: deno task token --publish chat",
    "Stop      Ctrl-C",
  ]);
  const [, publish] = banner({ JWT_KEY: SECRET }, { commands: nodeCommands });
  assertEquals(publish, "Publish   with a token from: npx sse-hub token --publish chat");
});

Deno.test("bannerLines() publishes to a stream that the server has", () => {
  const publish = (STREAMS: string) => banner({ PUBLISH_TOKEN: TOKEN, STREAMS })[2];
  assertMatch(publish("time,news,chat")!, /stream=chat"$/);
  assertMatch(publish("time,news")!, /stream=news"$/);
  assertEquals(publish("time"), "Stop      Ctrl-C");
});

Deno.test("bannerLines() has no console behind a socket that no browser reaches", () => {
  const address = showAddress({ transport: "unix", path: "/run/hub.sock" }, "http");
  const [listening, publish] = banner({ PUBLISH_TOKEN: TOKEN }, { address });
  assertEquals(listening, "Listening on unix:/run/hub.sock");
  assertMatch(publish!, /^Publish {3}curl .* --unix-socket '\/run\/hub.sock' /);
});

Deno.test({
  name: "the stream of the banner is the one that the demo page shows",
  ignore: await lacks("read"),
  async fn() {
    assertStringIncludes(await readFile("static/demo.js"), `sse?stream=${DEMO_STREAM}`);
  },
});

Deno.test("stoppingLine() says what stopping waits for, and how to stop at once", () => {
  assertEquals(
    [stoppingLine(3, 4, true), stoppingLine(1, 20, false)],
    [
      "Stopping: 3 clients, up to 4 s; Ctrl-C again to stop now",
      "Stopping: 1 client, up to 20 s; a second signal to stop now",
    ],
  );
});
