import { assert, assertEquals, assertRejects } from "@std/assert";
import { BroadcastHub } from "../../../lib/hub/hub.ts";
import { openRedisLog, type RedisLogOptions } from "../../../lib/log/redis.ts";
import { freePort, isMissing, Program } from "../../program.ts";
import { soon } from "../../wait.ts";
import { ServerProcess } from "../../server/support.ts";
import { redis } from "../places.ts";
import { RedisServer } from "../redis_server.ts";

const OPENSSL = "/usr/bin/openssl";
const REFUSED = "Cannot open log: Redis refuses the connection";

/** Makes a self-signed certificate for 127.0.0.1; returns its files, and the PEM text to trust. */
async function makeCertificate(folder: string): Promise<{ files: string[]; ca: string }> {
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const subject = ["-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-nodes", "-keyout", key, "-out", cert];
  await using openssl = new Program(OPENSSL, {
    args: [...args, ...subject, "-addext", "basicConstraints=critical,CA:FALSE", ...files],
  });
  assertEquals(await openssl.exitCode(), 0, openssl.stderr.all.join("\n"));
  return { files: [cert, key], ca: await Deno.readTextFile(cert) };
}

/** Returns the message of the error with which a log does not open. */
async function refusal(options: RedisLogOptions): Promise<string> {
  await using hub = new BroadcastHub({ log: openRedisLog(options) });
  const { message } = await soon(assertRejects(() => hub.ready, Error), () => "a refusal");
  return message;
}

Deno.test({
  name:
    "a hub fails to start with a wrong password, user or database, since waiting would not help",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start(false, ["--requirepass", "right-password"]);
    const at = (login: string, path = "") => server.url.replace("//", `//${login}`) + path;
    const table = {
      [at("")]: "(NOAUTH ",
      [at(":wrong@")]: "(WRONGPASS ",
      [at("nobody:right-password@")]: "(WRONGPASS ",
      [at(":right-password@", "/99")]: "(ERR DB index is out of range)",
    };
    for (const [url, reason] of Object.entries(table)) {
      const message = await refusal({ url });
      assert(message.startsWith(`${REFUSED} ${reason}`), message);
      assert(!message.includes("wrong"), message);
    }
    await using hub = new BroadcastHub({
      log: openRedisLog({ url: at(":right-password@", "/3") }),
    });
    await hub.ready;
  },
});

Deno.test({
  name: "a hub fails to start if only one side speaks TLS, and names the right scheme",
  ignore: redis.ignore || await isMissing(OPENSSL),
  async fn() {
    const folder = await Deno.makeTempDir();
    const { files: [cert, key], ca } = await makeCertificate(folder);
    const port = freePort();
    const tls = ["--tls-port", `${port}`, "--tls-auth-clients", "no", "--tls-ca-cert-file", cert!];
    const settings = [...tls, "--tls-cert-file", cert!, "--tls-key-file", key!];
    {
      await using server = await RedisServer.start(false, settings);
      const url = `rediss://127.0.0.1:${port}`;
      await using hub = new BroadcastHub({ log: openRedisLog({ url, ca }) });
      await hub.ready;
      assertEquals((await hub.publish("x", { data: "x" })).id.length > 0, true);
      const plainUrl = `redis://:password@127.0.0.1:${port}`;
      assert((await refusal({ url: plainUrl })).endsWith("use rediss:// in place of redis://"));
      const tlsUrl = server.url.replace("redis:", "rediss:");
      assert((await refusal({ url: tlsUrl, ca })).endsWith("use redis:// in place of rediss://"));
      const message = await refusal({ url });
      assert(message.includes("the certificate of Redis is not accepted"), message);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name:
    "a hub fails to start if the server is not a Redis, or if the sentinels don't know the master",
  ignore: redis.ignore,
  async fn() {
    await using http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response("x"),
    );
    const message = await refusal({ url: `redis://127.0.0.1:${http.addr.port}` });
    assert(message.startsWith(`${REFUSED} (Unknown RESP type`), message);
    await using sentinel = await RedisServer.startSentinel("other", 1);
    const sentinels = [sentinel.address];
    const text = await refusal({ sentinels, master: "events" });
    assertEquals(text, 'Cannot open log: the sentinels know no master named "events"');
  },
});

Deno.test({
  name: "a hub fails to start without the permission to connect to Redis, by address or by name",
  ignore: redis.ignore,
  permissions: { net: ["127.0.0.1:1"], read: true, env: true, sys: true },
  async fn() {
    for (const host of ["127.0.0.1", "localhost"]) {
      const message = await refusal({ url: `redis://${host}:2` });
      assert(message.startsWith("Cannot open log: the process may not connect to Redis"), message);
    }
  },
});

Deno.test({
  name:
    "the server exits within 5 s if Redis refuses its password, with one line that omits the password",
  ignore: redis.ignore,
  async fn() {
    await using redis = await RedisServer.start(false, ["--requirepass", "right-password"]);
    const REDIS_URL = redis.url.replace("//", "//:wrong-password@");
    const HOME = Deno.env.get("HOME") ?? "";
    await using server = new ServerProcess({ EVENT_LOG: "redis", REDIS_URL, HOME });
    assertEquals(await server.exitCode(), 1);
    const text = server.stderr.all.join("\n");
    assert(text.includes("WRONGPASS"), text);
    assert(!text.includes("wrong-password"), text);
    assertEquals(server.stderr.all.length, 1, text);
  },
});
