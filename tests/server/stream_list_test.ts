import { assertEquals } from "@std/assert";
import { get, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const headers = { authorization: `Bearer ${TOKEN}` };
const open = () => testApp({ PUBLISH_TOKEN: TOKEN, STREAMS: "a,b,c,d", INTERVAL_MS: "3600000" });

const PAGES: [query: string, names: string, next: string | null][] = [
  ["", "a b c d", null],
  ["?limit=2", "a b", "b"],
  ["?limit=2&after=b", "c d", null],
  ["?limit=1000&after=", "a b c d", null],
  ["?limit=3", "a b c", "c"],
  ["?limit=4", "a b c d", null],
  ["?after=bb", "c d", null],
  ["?after=d", "", null],
];

for (const [query, names, next] of PAGES) {
  Deno.test(`GET /streams${query} lists ${names || "nothing"}, then ${next ?? "no more"}`, async () => {
    await using app = open();
    for (const name of ["c", "a", "d", "b"]) app.hub.createStream(name);
    const page = await (await app.fetch(get(`/streams${query}`, { headers }))).json();
    assertEquals(page.streams.map(({ name }: { name: string }) => name).join(" "), names);
    assertEquals(page.next, next);
  });
}

for (
  const query of [
    ...["limit=0", "limit=1001", "limit=", "limit=-1", "limit=1.5", "limit=all"],
    ...["after=a%20b", "after=/", "after=a//b"],
  ]
) {
  Deno.test(`GET /streams?${query} is 400, and names the parameter`, async () => {
    await using app = open();
    const response = await app.fetch(get(`/streams?${query}`, { headers }));
    assertEquals(response.status, 400);
    assertEquals((await response.json()).detail.split(" ")[2], query.split("=")[0]);
  });
}

Deno.test("GET /streams lists 100 streams, and its pages list each one once", async () => {
  await using app = open();
  const names = Array.from({ length: 1_234 }, (_, i) => `s/${i}`);
  for (const name of names) app.hub.createStream(name);
  const listed: string[] = [];
  for (let after: string | null = ""; after !== null;) {
    const page = await (await app.fetch(get(`/streams?after=${after}`, { headers }))).json();
    listed.push(...page.streams.map(({ name }: { name: string }) => name));
    assertEquals(page.streams.length, page.next === null ? 34 : 100);
    after = page.next;
  }
  assertEquals(listed, names.sort());
});

Deno.test("GET /streams finds a stream whose name has : and @, however the URL encodes them", async () => {
  await using app = testApp({ PUBLISH_TOKEN: TOKEN, STREAMS: "tenant:7/ann@example.com" });
  const name = "tenant:7/ann@example.com";
  for (const path of [name, encodeURIComponent(name)]) {
    const options = { method: "POST", headers: { ...headers, "content-type": "text/plain" } };
    const published = await app.fetch(get(`/sse?stream=${path}`, { ...options, body: "x" }));
    assertEquals(published.status, 200);
    const shown = await app.fetch(get(`/streams/${path}`, { headers }));
    assertEquals((await shown.json()).name, name);
  }
  const { streams } = await (await app.fetch(get("/streams?after=tenant:", { headers }))).json();
  assertEquals(streams.map(({ name }: { name: string }) => name), [name]);
});

Deno.test("GET /streams searches, and sorts by a figure in pages", async () => {
  await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
  for (const [name, count] of [["a/1", 1], ["a/2", 3], ["b/1", 2]] as const) {
    for (let i = 0; i < count; i++) await app.hub.publish(name, "x");
  }
  const names = async (query: string) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await app.fetch(get(`/streams?${query}`, { headers }));
    const { streams, next, detail } = await response.json();
    return [streams?.map(({ name }: { name: string }) => name) ?? detail, next];
  };
  assertEquals(await names("search=a/"), [["a/1", "a/2"], null]);
  assertEquals(await names("sort=events&limit=2"), [["a/2", "b/1"], 2]);
  assertEquals(await names("sort=events&limit=2&offset=2"), [["a/1", "time"], null]);
  const [detail] = await names("sort=color");
  assertEquals(
    detail,
    "The parameter sort must be name, subscribers, rate, published, events, bytes",
  );
  assertEquals(
    (await names("offset=-1"))[0],
    "The parameter offset must be a whole number from 0 to 1000000",
  );
});
