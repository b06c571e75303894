import { assertEquals } from "@std/assert";
import { clients } from "./clients.ts";
import { expected } from "./expected.ts";
import { frontTable, pageTables, withTables } from "./page.ts";
import { closeChromium, lacksBrowser } from "../browser/support.ts";
import { run } from "./run.ts";
import { EXPECTED, whoAsks } from "./who_asks.ts";

const { missing, verdicts, errors } = await run();
const asked = await lacksBrowser() ? EXPECTED : Object.fromEntries(await whoAsks());
await closeChromium();

for (const [ending, error] of errors) {
  Deno.test(`the clients get to the ending ${ending}`, () => {
    throw error;
  });
}

for (const { name } of clients.filter(({ id }) => missing.has(id))) {
  Deno.test({ name: `${name} (ignored: it can't be installed)`, ignore: true, fn() {} });
}

for (const [ending, seen] of verdicts) {
  for (const client of clients) {
    const verdict = seen.get(client.id);
    if (!verdict) continue;
    Deno.test(`${client.name} ${expected(client, ending)} (${ending})`, () => {
      assertEquals(verdict.words, expected(client, ending), verdict.detail);
    });
  }
}

for (const [who, seen] of Object.entries(asked)) {
  Deno.test(`a request is answered by what it asks for (${who})`, () => {
    assertEquals(seen, EXPECTED[who]);
  });
}

/** Writes what was seen into a file. Where nothing was seen, what is expected stays. */
async function write(file: URL, more: boolean): Promise<void> {
  const seen = ({ id }: { readonly id: string }, ending: string) =>
    verdicts.get(ending)?.get(id)?.words ?? expected({ id }, ending);
  const text = await Deno.readTextFile(file);
  const tables = more ? pageTables(seen, asked) : [frontTable(seen)];
  await Deno.writeTextFile(file, withTables(text, tables));
}

await write(new URL("README.md", import.meta.url), true);
await write(new URL("../../README.md", import.meta.url), false);
