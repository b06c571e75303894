import { assertEquals, assertMatch } from "@std/assert";
import { lacks, Lines } from "../program.ts";
import { eventStream } from "../../lib/wire/event_stream.ts";
import { Connections } from "../../lib/server/connections.ts";
import { subscription } from "../client.ts";
import { utf8 } from "../pieces.ts";
import { macrotask, until } from "../wait.ts";
import { Body, get, type TestApp, testApp, words } from "./support.ts";

const TOKEN = "a-token-for-these-tests";

const IPV4 = words("::ffff:192.0.2.1 ::ffff:c000:201 0:0:0:0:0:FFFF:192.0.2.1 64:ff9b::192.0.2.1");
const IPV6 = words("2001:DB8:0:0::2 2001:0db8::3%eth0 2001:db8:0:0:ffff:ffff:ffff:ffff");

/** A client without a token. */
const VISITOR = {
  request: subscription(""),
  streams: [],
  details: { userAgent: null, origin: null, patterns: undefined },
};

/** Connections with these limits, and a function that opens one from an address. */
function connectionsOf(maxConnections: number, maxConnectionsPerAddress = 0) {
  const log = new Lines();
  const connections = new Connections({
    maxConnections,
    maxConnectionsPerAddress,
    log: (message) => log.print(message),
  });
  const open = (address: string, completed?: Promise<void>) =>
    connections.admit(
      { ...VISITOR, address, client: { address }, completed },
      (onEnd) => eventStream(() => {}, { onEnd }),
    );
  return { connections, log, open };
}

const GOAWAY = /^event: goaway\nretry: \d{4,5}\ndata: \{"reason":"overloaded"\}\n\n$/;

Deno.test("Connections.admit() tells a client over the limit to reconnect later, until another ends", async () => {
  const { connections, open } = connectionsOf(1);
  const first = open("192.0.2.1");
  assertMatch(await new Body(open("192.0.2.2")).end(), GOAWAY);
  assertEquals([connections.size, connections.stats().refused.maxConnections], [1, 1]);
  await first.body!.cancel();
  await open("192.0.2.2").body!.cancel();
  assertEquals([connections.size, connections.stats().refused.maxConnections], [0, 1]);
});

Deno.test("Connections.admit() gives the places of ended streams to others, though their sockets linger", async () => {
  const { connections, open } = connectionsOf(2);
  const { promise: completed, reject } = Promise.withResolvers<void>();
  for (const address of ["192.0.2.1", "192.0.2.2"]) {
    await open(address, completed).body!.cancel();
  }
  assertEquals([connections.size, connections.stats().lingering], [0, 2]);
  const held = [open("192.0.2.3"), open("192.0.2.4")];
  assertEquals([connections.size, connections.stats().refused.maxConnections], [2, 0]);
  for (const response of held) await response.body!.cancel();
  reject(new Error("reset by peer"));
  await untilGone(connections);
});

Deno.test("Connections.admit() refuses others while twice as many sockets linger as there are places", async () => {
  const { connections, open } = connectionsOf(2);
  const { promise: completed, resolve } = Promise.withResolvers<void>();
  for (let i = 0; i < 4; i++) await open("127.0.0.1", completed).body!.cancel();
  assertMatch(await new Body(open("192.0.2.1")).end(), GOAWAY);
  assertEquals([connections.size, connections.stats().lingering], [0, 4]);
  resolve();
  await untilGone(connections);
  await open("192.0.2.1").body!.cancel();
  assertEquals(connections.stats().refused.maxConnections, 1);
});

Deno.test("Connections.admit() counts a public address's connection until its socket is gone", async () => {
  const { connections, open } = connectionsOf(10, 1);
  const { promise: completed, resolve } = Promise.withResolvers<void>();
  await open("192.0.2.1", completed).body!.cancel();
  assertMatch(await new Body(open("192.0.2.1")).end(), GOAWAY);
  resolve();
  await untilGone(connections);
  await open("192.0.2.1").body!.cancel();
  assertEquals(connections.stats().refused.maxConnectionsPerAddress, 1);
});

Deno.test("Connections.admit() counts every spelling of an address as the same address", async () => {
  for (const [first, ...others] of [["192.0.2.1", ...IPV4], ["2001:db8::1", ...IPV6]]) {
    const { connections, open } = connectionsOf(10, 1);
    const held = open(first!);
    for (const address of others) {
      assertMatch(await new Body(open(address)).end(), GOAWAY, address);
    }
    assertEquals(connections.stats().refused.maxConnectionsPerAddress, others.length);
    await held.body!.cancel();
  }
});

Deno.test("Connections.admit() does not limit addresses that a proxy may have", async () => {
  const { connections, open } = connectionsOf(100, 1);
  const addresses = words(`127.0.0.1 ::1 ::ffff:7f00:1 10.0.0.1 192.168.0.1 172.16.0.1 100.64.0.1
    169.254.0.1 fd00::1 fe80::1%eth0 unknown`);
  const held = [...addresses, ...addresses].map((address) => open(address));
  assertEquals([connections.size, connections.stats().refused.maxConnectionsPerAddress], [22, 0]);
  for (const response of held) await response.body!.cancel();
  assertEquals(connections.size, 0);
});

Deno.test("Connections.admit() limits an IPv4 address, and an IPv6 /64", async () => {
  const { connections, open } = connectionsOf(10, 1);
  const held = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"].map((it) => open(it));
  const refused = ["192.0.2.1", "::ffff:192.0.2.2", "2001:db8::2", "2001:db8:0:1:ffff::"];
  for (const address of refused) assertMatch(await new Body(open(address)).end(), GOAWAY);
  assertEquals([connections.size, connections.stats().refused.maxConnectionsPerAddress], [4, 4]);
  for (const response of held) await response.body!.cancel();
  await open("192.0.2.1").body!.cancel();
  assertEquals(connections.size, 0);
});

Deno.test("Connections.admit() neither counts nor logs other responses than event streams", () => {
  const { connections, log } = connectionsOf(1);
  const address = "192.0.2.1";
  const visitor = { ...VISITOR, address, client: { address }, completed: undefined };
  assertEquals(connections.admit(visitor, () => new Response(null, { status: 204 })).status, 204);
  assertEquals([connections.size, log.all], [0, []]);
});

Deno.test("Connections.admit() logs each end once", async () => {
  const { log, open } = connectionsOf(1);
  const response = open("192.0.2.1");
  assertEquals(log.all, ["connected"]);
  await response.body!.cancel();
  assertEquals(log.all, ["connected", "disconnected"]);
});

Deno.test("an app accepts other clients when one address has opened 1 000 event streams", async () => {
  await using app = testApp({ TRUST_PROXY: "1", LOG_FORMAT: "off", INTERVAL_MS: "3600000" });
  const open = (address: string) =>
    app.fetch(get("/sse", { headers: { "x-forwarded-for": address } }));
  const greeting = async (address: string) => {
    const reader = (await open(address)).body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value);
  };
  const held = [];
  for (let i = 0; i < 1_000; i++) held.push(await open(`2001:db8::${i.toString(16)}`));
  assertMatch(await greeting("2001:db8::ffff"), GOAWAY);
  for (const other of ["2001:db8:0:1::1", "192.0.2.7"]) {
    assertEquals(await greeting(other), "retry: 2000\n");
  }
  for (const response of held) await response.body!.cancel();
});

Deno.test({
  name:
    "an app on a socket serves others once peers that never read were ended, which keep their sockets",
  ignore: await lacks("net"),
  async fn() {
    await using app = testApp({
      MAX_CONNECTIONS: "3",
      PUBLISH_TOKEN: TOKEN,
      INTERVAL_MS: "3600000",
      HISTORY_EVENTS: "1",
    });
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
    const { port } = server.addr;
    const stalled = await Promise.all([1, 2, 3].map(async () => {
      const socket = await Deno.connect({ hostname: "127.0.0.1", port });
      await socket.write(utf8("GET /sse?stream=a HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      return socket;
    }));
    await app.log.line("connected", 3);
    const data = "x".repeat(250_000);
    while (app.hub.stats().ended.slow < 3) {
      app.hub.publish("a", { data });
      await macrotask();
    }
    assertMatch(await metrics(app), /^sse_connections_lingering 3$/m);
    assertMatch(await firstOf(port), /^retry: 2000\nevent: hello\n/);
    for (const socket of stalled) socket.close();
    await until(async () => /^sse_connections_lingering 0$/m.test(await metrics(app)));
    await app.close();
    await server.shutdown();
  },
});

/** The text of `/metrics`. */
async function metrics(app: TestApp): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return await (await app.fetch(get("/metrics", { headers }))).text();
}

/** The first bytes of a subscriber's stream. */
async function firstOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/sse?stream=a`);
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** Resolves once no socket of an ended stream is left. */
async function untilGone(connections: Connections): Promise<void> {
  await until(() => connections.stats().lingering === 0);
}
