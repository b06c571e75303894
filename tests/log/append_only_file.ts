/**
 * The append-only file of a Redis that does not run: what is in it, and how to make it lose its end.
 *
 * @module
 */

import type { StoredEntry } from "../../lib/log/entries.ts";
import { placeOf } from "../../lib/log/redis/entries.ts";
import type { RedisServer } from "./redis_server.ts";

/** How to start a Redis whose append-only file stays one file that can be cut. */
export const CUTTABLE = ["--aof-use-rdb-preamble", "no", "--auto-aof-rewrite-percentage", "0"];

/** The entries of a log in the append-only file of a Redis. */
export async function entriesInFile({ folder }: RedisServer): Promise<StoredEntry[]> {
  const path = await pathIn(folder);
  return path === undefined ? [] : entriesIn(await readText(path));
}

/** Deletes the last writes of a log from the append-only file of a Redis. */
export async function cutFile({ folder }: RedisServer, writes: number): Promise<void> {
  const path = await pathIn(folder);
  if (path === undefined) return;
  const text = await readText(path);
  // Each write of a hub is a script, which stands in the file as a transaction.
  const starts = [...text.matchAll(/\*1\r\n\$5\r\nMULTI\r\n/g)].map(({ index }) => index);
  const start = starts.at(-writes);
  if (start !== undefined) await Deno.truncate(path, start);
}

/** Deletes everything. */
export async function removeFile({ folder }: RedisServer): Promise<void> {
  await Deno.remove(`${folder}/appendonlydir`, { recursive: true }).catch(() => {});
  await Deno.remove(`${folder}/appendonly.aof`).catch(() => {});
}

/** The path of the file: Redis 6 has one file, and later versions a folder of them. */
async function pathIn(folder: string): Promise<string | undefined> {
  for (const inner of [`${folder}/appendonlydir`, folder]) {
    try {
      for await (const { name } of Deno.readDir(inner)) {
        if (/\.incr\.aof$|^appendonly\.aof$/.test(name)) return `${inner}/${name}`;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** Reads a file as characters of one byte each, so that their positions are those in the file. */
async function readText(path: string): Promise<string> {
  return new TextDecoder("latin1").decode(await Deno.readFile(path));
}

function entriesIn(text: string): StoredEntry[] {
  return [...text.matchAll(APPENDED)].map(([, id = "", text = "", epoch]) => ({
    place: placeOf(id),
    text,
    epoch,
  }));
}

const APPENDED =
  /\r\nXADD\r\n\$7\r\nsse-hub\r\n\$\d+\r\n(\d+-\d+)\r\n\$5\r\nentry\r\n\$\d+\r\n(.*?)\r\n\$5\r\nepoch\r\n\$\d+\r\n(.*?)\r\n/g;
