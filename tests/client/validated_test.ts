import { assertEquals, assertRejects } from "@std/assert";
import { type Schema, subscribe, validated, ValidationError } from "../../lib/client/mod.ts";
import { ScriptedServer } from "./scripted_server.ts";
import { ScriptedHost, settled } from "./scripted_host.ts";

/** A schema that makes a date of text. */
const day: Schema<Date> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      await Promise.resolve();
      const date = new Date(`${value}`);
      return Number.isNaN(date.getTime())
        ? { issues: [{ message: "expected a date" }] }
        : { value: date };
    },
  },
};

Deno.test("validated() gives what the schema makes of JSON, and refuses what it refuses", async () => {
  const parse = validated({ day });
  assertEquals(await parse('"2026-11-26"', "day"), new Date("2026-11-26"));
  const wrong = await assertRejects(
    async () => await parse('"x"', "day"),
    ValidationError,
    "expected a date",
  );
  assertEquals(wrong.issues, [{ message: "expected a date" }]);
  await assertRejects(async () => await parse("{", "day"), SyntaxError);
  for (const type of ["night", "constructor"]) {
    await assertRejects(
      async () => await parse("1", type),
      ValidationError,
      `data of ${type}: there is no schema`,
    );
  }
});

Deno.test("events that don't pass become events invalid, and the others keep their order", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const events = subscribe("http://hub.example/sse?stream=a", {
    host,
    fetch: server.fetch,
    parse: validated({ day }),
  });
  const invalid: string[] = [];
  events.addEventListener("invalid", ({ data }) => invalid.push(data));
  const loop = events[Symbol.asyncIterator]();
  await settled();
  const text = ["2026-01-01", "x", "2026-01-02", "y", "2026-01-03"]
    .map((data, i) => `event: day\ndata: "${data}"\nid: e-${i}\n\n`).join("");
  await server.last.open(text);
  const days: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { value } = await loop.next();
    if (value?.event === "day") days.push(value.data.getUTCDate());
  }
  assertEquals([days, invalid, events.lastEventId], [[1, 2, 3], ['"x"', '"y"'], "e-4"]);
  events.close();
});
