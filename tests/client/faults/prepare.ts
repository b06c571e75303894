/**
 * The scripts and the pages of the clients under test.
 *
 * @module
 */

import { signHs256 } from "../../server/jwt_support.ts";
import { bundleClient } from "../bundle.ts";
import { JWT_KEY } from "./site.ts";

/** What a client has reported: when, and a number or another word. */
export type Report = readonly [time: number, text: string];

/** Writes what pages and programs import into a folder, and returns it. */
export async function prepare(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
  await write("client.js", (await bundleClient()).code);
  await write("runner.js", await Deno.readTextFile(new URL("runner.js", import.meta.url)));
  await write("page.js", PAGE);
  await write("package.json", '{ "type": "module" }');
  await write(
    "others.ts",
    'export { fetchEventSource } from "npm:@microsoft/fetch-event-source@2.0.1";\n' +
      'export { createEventSource } from "npm:eventsource-client@1.2.0";\n',
  );
  const args = ["bundle", "--quiet", "--no-check", "--no-config", "--platform=browser"];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args, "--output=others.js", "others.ts"],
    cwd: folder,
  });
  if (!(await command.output()).success) throw new Error("Cannot bundle the clients of others");
  return folder;
}

/** A server of the pages, of another origin than the hub's, and of tokens. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string;
  /** When tokens expire that are given out before that time, in seconds; later ones last a minute. */
  tokensEnd: number;
  /** Returns the path of a page with a client, and the list that its reports are added to. */
  readonly add: (name: string, url: string, tokens: string) => [path: string, reports: Report[]];
}

/** Serves the pages, under a strict policy, and takes their reports. */
export function servePages(folder: string): PageServer {
  const reports: Report[][] = [];
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self' http://127.0.0.1:*";
  const html = { "content-type": "text/html", "content-security-policy": policy };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/page":
        return new Response(HTML, { headers: html });
      case "/elsewhere":
        return new Response("<!doctype html><title>Elsewhere</title>", { headers: html });
      case "/report":
        reports[Number(searchParams.get("page"))]!.push(...await request.json());
        return new Response(null, { status: 204 });
      case "/token": {
        const now = Date.now() / 1_000;
        const exp = now < pages.tokensEnd ? pages.tokensEnd : Math.ceil(now) + 60;
        return new Response(await signHs256({ exp, sse: { subscribe: ["*"] } }, JWT_KEY));
      }
    }
    const text = await Deno.readTextFile(folder + pathname).catch(() => undefined);
    if (text === undefined) return new Response(null, { status: 404 });
    return new Response(text, { headers: { "content-type": "text/javascript" } });
  });
  const pages: PageServer = {
    origin: `http://127.0.0.1:${server.addr.port}`,
    tokensEnd: 0,
    add(name, url, tokens) {
      const list: Report[] = [];
      const query = new URLSearchParams({ name, url, tokens, page: `${reports.push(list) - 1}` });
      return [`/page?${query}`, list];
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return pages;
}

const HTML = '<!doctype html><title>Client</title><script type="module" src="page.js"></script>';

/** The page's script: it keeps what it reports until the network is there. */
const PAGE = `
import { run } from "./runner.js";
const query = new URLSearchParams(location.search);
let waiting = [];
const [name, url, tokens] = ["name", "url", "tokens"].map((key) => query.get(key));
run(name, url, tokens, (text) => waiting.push([Date.now(), text]));
setInterval(async () => {
  const sent = waiting;
  waiting = [];
  if (sent.length === 0) return;
  try {
    await fetch("/report?page=" + query.get("page"), { method: "POST", body: JSON.stringify(sent) });
  } catch {
    waiting = [...sent, ...waiting];
  }
}, 200);
`;
