/**
 * The tables that the matrix is written to, in `tests/clients/README.md` and in the front page.
 *
 * @module
 */

import { clients } from "./clients.ts";
import { endings } from "./endings.ts";
import type { Asked } from "./who_asks.ts";

/** What is seen of a client after an ending. */
export type Seen = (client: { readonly id: string }, seen: string) => string;

/** A table: its head, and its rows. */
export type Table = readonly (readonly string[])[];

/** The tables of the page: what happens, and what each client does then. */
export function pageTables(seen: Seen, asked: Readonly<Record<string, Asked>>): Table[] {
  const short = (id: string) => id.replaceAll("-", " ");
  return [
    [["ending", "what happens"], ...endings.map(({ id, title }) => [short(id), title])],
    [
      ["client at an ending", "packages", ...endings.map(({ id }) => short(id))],
      ...clients.map((client) => [
        client.name,
        client.packages.map((it) => `\`${it}\``).join(", "),
        ...endings.map(({ id }) => seen(client, id)),
      ]),
    ],
    [
      ["client behind a proxy", ...PROXIES.flatMap((it) => BEHIND.map((id) => `${it} ${id}`))],
      ...clients.map((client) => [
        client.name,
        ...PROXIES.flatMap((it) => BEHIND.map((id) => seen(client, `${it} ${id}`))),
      ]),
    ],
    [
      ["request, page", "`Accept`", "`Cache-Control`", "`Sec-Fetch-Mode`", "answer after the end"],
      ...Object.entries(asked).map(([who, it]) => [
        who,
        it.accept,
        it["cache-control"],
        it["sec-fetch-mode"],
        it.answer,
      ]),
    ],
  ];
}

/** The table of the front page: a line for each client. */
export function frontTable(seen: Seen): Table {
  return [
    ["client", "a new server", "the streams end", "good to know"],
    ...clients.map((client) => [
      client.name,
      seen(client, "deployed"),
      seen(client, "ended"),
      client.note,
    ]),
  ];
}

/** Replaces the tables of a text that begin with the same first cell. */
export function withTables(text: string, tables: readonly Table[]): string {
  return tables.reduce((text, table) => {
    const first = table[0]![0]!;
    const rows = new RegExp(`^\\| ${first} *\\|.*\\n(?:\\|.*\\n)*`, "m");
    return text.replace(rows, () => markdown(table));
  }, text);
}

/** A table as `deno fmt` writes it. */
function markdown([head = [], ...rows]: Table): string {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |\n`;
  const rule = widths.map((width) => "-".repeat(width));
  return [head, rule, ...rows].map(line).join("");
}

const PROXIES = ["nginx", "caddy", "nginx-h2", "caddy-h2"];
const BEHIND = ["deployed", "killed", "ended"];
