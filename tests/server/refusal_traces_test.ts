import { assert, assertEquals, assertLess } from "@std/assert";
import { RefusalTraces } from "../../lib/server/refusal_traces.ts";
import { signHs256 } from "./jwt_support.ts";
import { get } from "./support.ts";

const HOUR = 3_600_000;
const secret = "a secret of at least thirty-two bytes";
const token = await signHs256({ sub: "ada", jti: "t1" }, secret);
const withToken = () => ({ headers: { authorization: `Bearer ${token}` } });
const why = { reason: "no_token", status: 401, address: "192.0.2.7" } as const;

Deno.test("RefusalTraces counts requests that are alike, and keeps their first and last time", () => {
  const traces = new RefusalTraces();
  traces.note(get("/sse?stream=a"), { ...why, detail: "Send a token" }, 1_000);
  traces.note(get("/sse?stream=b"), why, 2_000);
  traces.note(get("/sse?stream=a&cache=7"), { ...why, detail: "Send a token" }, 3_000);
  const [first, second, ...more] = traces.list({}, 4_000);
  assertEquals(first, {
    address: "192.0.2.7",
    subject: null,
    tokenId: null,
    isVerified: false,
    method: "GET",
    path: "/sse",
    streams: ["a"],
    status: 401,
    reason: "no_token",
    detail: "Send a token",
    count: 2,
    firstMs: 1_000,
    lastMs: 3_000,
  });
  assertEquals([second!.streams, second!.detail, more], [["b"], null, []]);
});

Deno.test("RefusalTraces reads who it was from the token, and says whether the token was verified", () => {
  const traces = new RefusalTraces();
  const of = (request: Request, reason: "wrong_token" | "scope" | "denied") => {
    traces.note(request, { ...why, reason });
    const { subject, tokenId, isVerified } = traces.list()[0]!;
    return [subject, tokenId, isVerified];
  };
  assertEquals(of(get("/sse", withToken()), "wrong_token"), ["ada", "t1", false]);
  assertEquals(of(get("/sse", withToken()), "scope"), ["ada", "t1", true]);
  const headers = { cookie: `sse_token=${token}` };
  assertEquals(of(get("/sse?stream=c", { headers }), "wrong_token"), ["ada", "t1", false]);
  assertEquals(of(get("/sse?stream=d", { headers: { cookie: "sse_token=x" } }), "scope"), [
    ...[null, null, true],
  ]);
  const granted = get("/sse");
  traces.identify(granted, { subject: "bob" });
  assertEquals(of(granted, "denied"), ["bob", null, true]);
});

Deno.test("RefusalTraces lists the traces of a client, of a stream, or with a text", () => {
  const traces = new RefusalTraces();
  traces.note(get("/sse?stream=a", withToken()), why, 1);
  traces.note(get("/sse?stream=b"), { ...why, address: "2001:db8::7" }, 2);
  const find = (filter: object, search = "") =>
    traces.list({ filter, search }, 3).map(({ streams }) => streams[0]);
  assertEquals(find({}), ["b", "a"]);
  assertEquals(find({ subject: "ada" }), ["a"]);
  assertEquals(find({ address: "2001:db8::7" }), ["b"]);
  assertEquals(find({ tokenId: "t1", stream: "b" }), []);
  assertEquals([find({}, "ADA"), find({}, "401"), find({}, "nothing")], [["a"], ["b", "a"], []]);
});

Deno.test("RefusalTraces forgets a trace an hour after its last request, and then counts no bytes", () => {
  const traces = new RefusalTraces();
  traces.note(get("/sse?stream=a"), why, 0);
  traces.note(get("/sse?stream=b"), { ...why, address: "192.0.2.8" }, 1);
  traces.note(get("/sse?stream=a"), why, HOUR);
  assertEquals(traces.list({}, HOUR + 1).length, 2);
  assertEquals(traces.list({}, HOUR + 2).map(({ streams }) => streams), [["a"]]);
  assertEquals([traces.list({}, 2 * HOUR + 1), traces.bytes], [[], 0]);
});

Deno.test("RefusalTraces is bounded: a public address has 16 traces, and others can't be pushed out by it", () => {
  const traces = new RefusalTraces();
  traces.note(get("/sse?stream=mine"), { ...why, address: "8.8.8.8" }, 0);
  for (let i = 0; i < 1_000; i++) {
    const address = `2001:db8::${(i + 1).toString(16)}`;
    traces.note(get(`/sse?stream=${i}`), { ...why, address }, i);
  }
  const all = traces.list({}, 1_000);
  assertEquals(all.length, 17);
  assertEquals([all[0]!.streams, all.at(-1)!.streams], [["999"], ["mine"]]);
  assert(traces.bytes > 0);
});

Deno.test("RefusalTraces is bounded in bytes: the clients that came longest ago make room", () => {
  const traces = new RefusalTraces(20_000);
  for (let i = 0; i < 200; i++) {
    const path = `/${"x".repeat(9_000)}?stream=${i}`;
    traces.note(get(path), { ...why, address: `10.0.0.${i}` }, i);
    traces.note(get(path), { ...why, address: "10.0.1.1" }, i);
    assertLess(traces.bytes, 20_001);
  }
  const kept = traces.list({}, 200);
  assertEquals([kept[0]!.path.length, kept.some(({ address }) => address === "10.0.0.199")], [
    ...[128, true],
  ]);
  assert(!kept.some(({ address }) => address === "10.0.0.0"));
});
