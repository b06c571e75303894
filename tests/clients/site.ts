/**
 * The pages of the clients that run in a browser, and their packages as npm has installed them.
 *
 * @module
 */

/** How a page uses a client that is not a module: its scripts, and its elements for a URL. */
interface Markup {
  readonly scripts: readonly string[];
  readonly body: (url: string) => string;
}

const MARKUP: Readonly<Record<string, Markup>> = {
  htmx2: {
    scripts: ["htmx2/dist/htmx.min.js", "htmx-ext-sse/sse.js"],
    body: (url) =>
      `<div hx-ext="sse" sse-connect="${url}">
        <div id="list" sse-swap="message" hx-swap="beforeend"></div></div>`,
  },
  "htmx2-close": {
    scripts: ["htmx2/dist/htmx.min.js", "htmx-ext-sse/sse.js"],
    body: (url) =>
      `<div hx-ext="sse" sse-connect="${url}" sse-close="ended">
        <div id="list" sse-swap="message" hx-swap="beforeend"></div></div>`,
  },
  htmx4: {
    scripts: ["htmx4/dist/htmx.min.js", "htmx4/dist/ext/hx-sse.min.js"],
    body: (url) => `<div id="list" hx-sse:connect="${url}" hx-swap="beforeend"></div>`,
  },
  datastar: {
    scripts: ["@starfederation/datastar/dist/datastar.js"],
    body: (url) => `<div id="list"></div><div data-on-load="@get('${url}')"></div>`,
  },
};

const IMPORTS = {
  "@microsoft/fetch-event-source": "/npm/@microsoft/fetch-event-source/lib/esm/index.js",
  "@hotwired/turbo": "/npm/@hotwired/turbo/dist/turbo.es2017-esm.js",
};

/** A service worker that passes every request on. */
const WORKER = `self.onactivate = (event) => event.waitUntil(clients.claim());
self.onfetch = (event) => event.respondWith(fetch(event.request));`;

const DRIVERS = new URL("drivers.js", import.meta.url);

/** Serves the page of a client at `/<client>?url=…`, and the packages of a folder below `/npm/`. */
export function serveSite(packages: string): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    // A page may read an event stream on a connection of its own.
    const headers = { connection: "close", "content-type": "text/javascript" };
    if (pathname === "/drivers.js") {
      return new Response(await Deno.readTextFile(DRIVERS), { headers });
    }
    if (pathname === "/worker.js") return new Response(WORKER, { headers });
    if (pathname === "/blank") {
      return new Response("<!doctype html>", {
        headers: { ...headers, "content-type": "text/html" },
      });
    }
    if (pathname.startsWith("/npm/")) return await sendFile(packages, pathname.slice(5), headers);
    const text = page(pathname.slice(1), searchParams.get("url") ?? "");
    return new Response(text, { headers: { ...headers, "content-type": "text/html" } });
  });
}

async function sendFile(
  packages: string,
  path: string,
  headers: Record<string, string>,
): Promise<Response> {
  // Packages made for a bundler leave the extension out.
  for (const ending of ["", ".js"]) {
    const text = await Deno.readTextFile(`${packages}/node_modules/${path}${ending}`)
      .catch(() => undefined);
    if (text !== undefined) return new Response(text, { headers });
  }
  return new Response(null, { status: 404, headers });
}

function page(client: string, url: string): string {
  const markup = MARKUP[client];
  const scripts = markup?.scripts.map((path) => {
    const type = path.includes("datastar") ? ` type="module"` : "";
    return `<script src="/npm/${path}"${type}></script>`;
  }) ?? [];
  const start = markup
    ? `watch(report);`
    : `await drivers[${JSON.stringify(client)}](${JSON.stringify(url)}, report);`;
  return `<!doctype html>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<body>${markup?.body(url) ?? `<div id="list"></div>`}
<script type="module">
import { drivers, watch } from "/drivers.js";
const client = ${JSON.stringify(client)};
const report = (kind, text = "") => console.log(JSON.stringify({ client, kind, text }));
${start}
</script>
${scripts.join("\n")}`;
}
