import { assertEquals, assertMatch } from "@std/assert";
import { lacks } from "../program.ts";
import { clients } from "./clients.ts";
import { expected } from "./expected.ts";
import { EXPECTED } from "./who_asks.ts";
import { frontTable, pageTables, withTables } from "./page.ts";

const ignore = await lacks("read");

Deno.test({
  name: "the page of clients has what the matrix expects of each client",
  ignore,
  async fn() {
    const text = await Deno.readTextFile(new URL("README.md", import.meta.url));
    assertEquals(text, withTables(text, pageTables(expected, EXPECTED)));
  },
});

Deno.test("a client that asks for ended streams more than once a minute has a note with its cure", () => {
  const asksOn = (id: string) =>
    ["ended", "ended-before"].some((it) => expected({ id }, it) === "asks on");
  const all = clients.filter(({ id }) => asksOn(id));
  assertEquals(all.map(({ id }) => id), ["htmx2"]);
  for (const { note } of all) assertMatch(note, /stops it/);
});

Deno.test({
  name: "the front page has a line for each client, with what the matrix expects",
  ignore,
  async fn() {
    const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    assertEquals(text, withTables(text, [frontTable(expected)]));
  },
});
