import { assertEquals, assertGreater } from "@std/assert";
import { lacks } from "../program.ts";
import { abuse } from "./abuse.ts";

// About 20 s; `deno task abuse` runs for longer.
const VISITS = 2_000;
const SEED = 20_261_126;

Deno.test({
  name:
    `a server under ${VISITS} random visits gives a well-behaved client every event, and frees their connections, files and memory`,
  ignore: await lacks("net", "run") || Deno.build.os !== "linux",
  async fn() {
    const { statuses, events, metrics } = await abuse({ seed: SEED, visits: VISITS });
    // Otherwise the visits were refused too early to test anything.
    assertEquals(STATUSES.filter((status) => !statuses.has(status)), []);
    assertEquals(REACHED.filter((name) => !(figure(metrics, name) > 0)), []);
    assertGreater(events, 100);
  },
});

const STATUSES = [200, 204, 400, 401, 403, 404, 405, 409, 413, 415, 429, 503];
const REACHED = [
  'sse_connections_total{shape="own"}',
  'sse_connections_ended_total{shape="hub",reason="left"}',
  'sse_connections_refused_total{reason="max_connections_per_address"}',
  'sse_publishers_refused_total{reason="rate"}',
  'sse_publishers_refused_total{reason="max_streams"}',
  "sse_gaps_total",
  "sse_resets_total",
];

function figure(metrics: string, name: string): number {
  return Number(metrics.split("\n").find((line) => line.startsWith(name))?.slice(name.length));
}
