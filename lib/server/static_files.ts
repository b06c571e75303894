/**
 * Serves the files of `static/`, read once at the start, with an ETag.
 *
 * @module
 */

import { toHex } from "../wire/byte_text.ts";
import { searchParams } from "../wire/search_params.ts";
import type { Handler, Route } from "./router.ts";

/**
 * Reads the files directly inside a folder and makes a route for each. `index.html` is at `/`, every
 * other page at its name without `.html`. A page's path with a trailing slash redirects, since the
 * page's relative URLs would lead elsewhere from there.
 *
 * @param folder A URL that ends in `/`. Without the scheme `file:`, as for a package that was imported
 * from a registry, there are no routes.
 * @throws If the folder can't be read.
 */
export function staticRoutes(folder: URL): Map<string, Route> {
  const routes = new Map<string, Route>();
  if (folder.protocol !== "file:") return routes;
  for (const name of fileNames(folder)) {
    const type = TYPES[name.slice(name.lastIndexOf("."))];
    if (!type) continue;
    const path = name === "index.html" ? "/" : `/${name.replace(/\.html$/, "")}`;
    const bytes = readFile(new URL(encodeURIComponent(name), folder));
    routes.set(path, { GET: fileHandler(bytes, type) });
    if (name.endsWith(".html") && path !== "/") routes.set(`${path}/`, { GET: redirectUp(path) });
  }
  return routes;
}

/** The names of the files directly inside a folder; none on a runtime without files. */
function fileNames(folder: URL): string[] {
  if (globalThis.Deno !== undefined) {
    return [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name);
  }
  const files = nodeFiles()?.readdirSync(folder, { withFileTypes: true }) ?? [];
  return files.filter((file) => file.isFile()).map(({ name }) => name);
}

function readFile(file: URL): Uint8Array<ArrayBuffer> {
  return globalThis.Deno === undefined ? nodeFiles()!.readFileSync(file) : Deno.readFileSync(file);
}

/** The files of Node and Bun. Not an import: the library's other runtimes may have no such module. */
function nodeFiles(): NodeFiles | undefined {
  const { process } = globalThis as {
    readonly process?: { readonly getBuiltinModule?: (name: "node:fs") => NodeFiles | undefined };
  };
  return process?.getBuiltinModule?.("node:fs");
}

/** The part of `node:fs` that is used here. */
interface NodeFiles {
  readdirSync(folder: URL, options: { withFileTypes: true }): NodeFile[];
  readFileSync(file: URL): Uint8Array<ArrayBuffer>;
}

interface NodeFile {
  readonly name: string;
  isFile(): boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".map": "application/json",
};

const SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Serves a file's bytes; a client that already has them gets a 304 (RFC 9110, section 13.1.2). A URL whose
 * `v` is the ETag, without its quotes, is of these bytes for ever (RFC 8246).
 */
function fileHandler(bytes: Uint8Array<ArrayBuffer>, type: string): Handler {
  // Not before the first request: nothing is under way in an app that nobody asks.
  let etag: Promise<string> | undefined;
  return async (request) => {
    const tag = await (etag ??= etagOf(bytes));
    const isVersion = searchParams(request).get("v") === tag.slice(1, -1);
    const headers = {
      "content-type": type,
      "cache-control": isVersion ? "public, max-age=31536000, immutable" : "no-cache",
      "etag": tag,
      "content-security-policy": SECURITY_POLICY,
      "referrer-policy": "no-referrer",
    };
    const known = request.headers.get("if-none-match") ?? "";
    const isKnown = known.trim() === "*" || known.includes(headers.etag);
    if (isKnown) return new Response(null, { status: 304, headers });
    const length = { "content-length": `${bytes.length}` };
    return request.method === "HEAD"
      ? new Response(null, { headers: { ...headers, ...length } })
      : new Response(bytes, { headers });
  };
}

async function etagOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return `"${toHex(new Uint8Array(digest, 0, 12))}"`;
}

/** Redirects from `/page/` to `/page`, also below a path that a proxy strips. Keeps the query. */
function redirectUp(path: string): Handler {
  return ({ url }) => {
    const [, query = ""] = /^[^?#]*(\?[^#]*)/.exec(url) ?? [];
    return new Response(null, { status: 308, headers: { location: `..${path}${query}` } });
  };
}
