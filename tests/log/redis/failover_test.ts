import { assert, assertEquals } from "@std/assert";
import { BroadcastHub } from "../../../lib/hub/hub.ts";
import { openRedisLog } from "../../../lib/log/redis.ts";
import { freePort, isMissing, Program } from "../../program.ts";
import { until } from "../../wait.ts";
import { Forward } from "../forward.ts";
import { redis } from "../places.ts";
import { RedisServer } from "../redis_server.ts";
import { ResumingClient } from "../resuming_client.ts";

const FAST_SYNC = ["--repl-diskless-sync-delay", "0"];

/** Publishes an event, with retries until it is acknowledged. */
async function publish(hub: BroadcastHub, data: string): Promise<void> {
  const attempt = async () => await hub.publish("x", { id: data, data });
  await until(() => attempt().then(() => true, () => false), () => `a hub that takes ${data}`);
}

/** Two servers; the second is a replica of the first. */
async function startPair(stack: AsyncDisposableStack): Promise<[RedisServer, RedisServer]> {
  const master = stack.use(await RedisServer.start(false, FAST_SYNC));
  const replica = stack.use(await RedisServer.start(false, FAST_SYNC));
  await replica.command("REPLICAOF", "127.0.0.1", master.port);
  const info = () => replica.command("INFO", "replication");
  await until(async () => (await info()).includes("link_status:up"), () => "a replica");
  return [master, replica];
}

Deno.test({
  name: "a hub leaves a demoted Redis for the new master, even if the connections stay open",
  ignore: redis.ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const [old, next] = await startPair(stack);
    const forward = stack.use(new Forward(old.port));
    const reasons: string[] = [];
    const onLogChange = (_: boolean, reason?: unknown) => reason && reasons.push(`${reason}`);
    const log = openRedisLog({ url: `redis://127.0.0.1:${forward.port}` });
    const hub = stack.use(new BroadcastHub({ log, onLogChange }));
    await hub.ready;
    const client = stack.use(
      new ResumingClient((request) => hub.subscribe(request), "stream=x"),
    );
    await client.connected();
    await publish(hub, "1");
    await until(async () => await next.command("XLEN", "sse-hub") === ":1\r\n", () => "a copy");
    await next.command("REPLICAOF", "NO", "ONE");
    forward.target = next.port;
    await old.command("REPLICAOF", "127.0.0.1", next.port);
    await publish(hub, "2");
    await client.has(2);
    assertEquals(client.data, ["1", "2"]);
    assertEquals(await next.command("XLEN", "sse-hub"), ":2\r\n");
    assert(/READONLY|UNBLOCKED/.test(reasons[0]!), reasons[0]);
  },
});

Deno.test({
  name:
    "a hub follows the master that the sentinels name, even if the old master keeps the connections",
  ignore: redis.ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const [old, next] = await startPair(stack);
    const sentinel = stack.use(
      await RedisServer.startSentinel("events", old.port, ["--requirepass", "a-password"]),
    );
    const reasons: string[] = [];
    const onLogChange = (_: boolean, reason?: unknown) => reason && reasons.push(`${reason}`);
    // One of the sentinels is unreachable.
    const sentinels = [`127.0.0.1:${freePort()}`, `:a-password@${sentinel.address}`];
    const log = openRedisLog({ sentinels, master: "events" });
    const hub = stack.use(new BroadcastHub({ log, onLogChange }));
    await hub.ready;
    await publish(hub, "1");
    await until(async () => await next.command("XLEN", "sse-hub") === ":1\r\n", () => "a copy");
    old.signal("SIGSTOP");
    await publish(hub, "2");
    assert(reasons[0]!.includes(`name another master, 127.0.0.1:${next.port}`), reasons[0]);
    assert((await next.command("XRANGE", "sse-hub", "-", "+")).includes('"2"'));
    old.signal("SIGCONT");
  },
});

Deno.test({
  name: "a hub finds the Redis Cluster node that has its log, and keeps all its keys on that node",
  ignore: redis.ignore || await isMissing("/usr/bin/redis-cli"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const settings = ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"];
    const nodes = [1, 2, 3].map(() => RedisServer.start(false, settings));
    const servers = await Promise.all(nodes);
    for (const server of servers) stack.use(server);
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
    const args = ["--cluster", "create", ...addresses, "--cluster-yes"];
    const creator = stack.use(new Program("/usr/bin/redis-cli", { args }));
    assertEquals(await creator.exitCode(), 0, creator.stdout.all.join("\n"));
    for (const server of servers) {
      const info = () => server.command("CLUSTER", "INFO");
      const isUp = async () => /cluster_state:ok[^]*slots_ok:16384/.test(await info());
      await until(isUp, () => "a cluster that is up");
    }
    const keys = async () => {
      const all = await Promise.all(servers.map((server) => server.command("KEYS", "*")));
      return all.map((text) => text.split("\r\n").filter((line) => line.includes("sse")).sort());
    };
    for (const server of servers) {
      const changes: unknown[] = [];
      const log = openRedisLog({ url: server.url, maxEntries: 1 });
      const hub = stack.use(
        new BroadcastHub({ log, onLogChange: (...change) => changes.push(change) }),
      );
      await hub.ready;
      for (const data of ["1", "2"]) await hub.publish("x", { id: data, data });
      assertEquals(changes, []);
    }
    await until(async () => (await keys()).flat().includes("{sse-hub}:gone"), () => "a trim");
    const own = (await keys()).filter((keys) => keys.length > 0);
    const names = ["epoch", "format", "gone", "gone-number", "key:x 1", "key:x 2", "number"];
    assertEquals(own, [["sse-hub", ...names.map((name) => `{sse-hub}:${name}`)]]);
  },
});

Deno.test({
  name: "a hub uses the keys of an earlier version if they exist, and otherwise the new keys",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    await server.command("SET", "sse-hub:epoch", "earlier");
    for (const epoch of ["earlier", undefined]) {
      await using hub = new BroadcastHub({ log: openRedisLog({ url: server.url }) });
      await hub.ready;
      const { id } = await hub.publish("x", { data: "x" });
      assertEquals(id.startsWith("earlier-"), epoch !== undefined);
      const has = await server.command("EXISTS", "{sse-hub}:epoch");
      assertEquals(has, epoch === undefined ? ":1\r\n" : ":0\r\n");
      await server.command("FLUSHALL");
    }
  },
});

Deno.test({
  name: "openRedisLog() warns if Redis may evict its keys, and opens even if onWarning throws",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    const warnings: string[] = [];
    for (const policy of ["noeviction", "volatile-lru", "allkeys-lru"]) {
      await server.command("CONFIG", "SET", "maxmemory-policy", policy);
      const onWarning = (text: string) => {
        warnings.push(text);
        throw new Error("thrown by onWarning, on purpose");
      };
      await using hub = new BroadcastHub({ log: openRedisLog({ url: server.url, onWarning }) });
      await hub.ready;
    }
    assertEquals(warnings, [
      "Redis may evict the event log: its maxmemory-policy is allkeys-lru; set it to noeviction",
    ]);
  },
});
