import { assertEquals, assertMatch } from "@std/assert";
import { lacks } from "../program.ts";
import { get, messages, testApp, words } from "./support.ts";

const LOCAL = words(
  `localhost LOCALHOST localhost:8080 localhost. a.localhost a.b.localhost:1 127.0.0.1
  127.0.0.1:8080 192.0.2.7 [::1] [::1]:8080 [2001:db8::7] [::ffff:127.0.0.1]:80 hub hub:8080`,
);
const FOREIGN = words(
  `evil.example EVIL.example evil.example:8080 evil.example. localhost.evil.example
  notlocalhost.example 127.0.0.1.evil.example evil.localhost.example 127.0.0.1.nip.io 127.1.evil.example
  0x7f.0.0.1 127.0.1 999.0.0.1 a!b.evil.example `,
);
const INVALID = words("[::1].evil.example user@evil.example evil.example:x");

/** Requests a host as this peer, and returns the status. */
async function status(
  settings: Record<string, string>,
  host: string,
  hostname?: string,
  headers: Record<string, string> = {},
): Promise<number> {
  await using app = testApp({ INTERVAL_MS: "3600000", ...settings });
  const info = hostname === undefined ? {} : { remoteAddr: { transport: "tcp", hostname } };
  const request = get("/healthz", { headers: { host, ...headers } });
  return (await app.fetch(request, info)).status;
}

Deno.test("a client on this machine may ask for local names and IP addresses only", async () => {
  for (const peer of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    for (const host of LOCAL) assertEquals([host, await status({}, host, peer)], [host, 200]);
    for (const host of [...FOREIGN, ...INVALID]) {
      assertEquals([host, await status({}, host, peer)], [host, 421]);
    }
  }
});

Deno.test("a client elsewhere, behind a proxy, or without an address may ask for every name", async () => {
  for (const host of FOREIGN) {
    assertEquals(await status({}, host, "192.0.2.7"), 200, host);
    assertEquals(await status({}, host, "10.0.0.1"), 200, host);
    assertEquals(await status({}, host), 200, host);
    assertEquals(await status({ TRUST_PROXY: "1" }, host, "127.0.0.1"), 200, host);
  }
});

Deno.test("ALLOWED_HOSTS lists the names that every client may ask for, beside local names", async () => {
  const settings = { ALLOWED_HOSTS: "hub.example,*.Wild.example" };
  const right = words("hub.example HUB.example:443 hub.example. a.wild.example a.b.wild.example");
  const wrong = words(
    "evil.example a.hub.example wild.example xwild.example hub.example.evil.example",
  );
  for (const peer of ["127.0.0.1", "192.0.2.7", undefined]) {
    for (const trust of ["0", "1"]) {
      const ask = (host: string) => status({ ...settings, TRUST_PROXY: trust }, host, peer);
      for (const host of [...right, ...LOCAL]) assertEquals([host, await ask(host)], [host, 200]);
      for (const host of wrong) assertEquals([host, await ask(host)], [host, 421]);
    }
  }
});

Deno.test("ALLOWED_HOSTS=* serves every name, and is the default on Deno Deploy", async () => {
  const deploy = { DENO_DEPLOYMENT_ID: "x", EVENT_LOG: "memory" };
  for (const settings of [{ ALLOWED_HOSTS: "*" }, deploy]) {
    for (const host of FOREIGN) assertEquals(await status(settings, host, "127.0.0.1"), 200, host);
  }
});

Deno.test("a refused host gets the names of the settings that allow it, and is logged once", async () => {
  await using app = testApp({ CORS_ORIGINS: "https://app.example" });
  const info = { remoteAddr: { hostname: "127.0.0.1" } };
  for (const path of ["/", "/sse", "/sse?stream=time", "/console/events", "/nowhere"]) {
    const response = await app.fetch(get(path, { headers: { host: "evil.example" } }), info);
    assertEquals(response.headers.get("content-type"), "application/problem+json");
    const { title, detail } = await response.json();
    assertEquals(title, "Misdirected Request");
    assertMatch(detail, /ALLOWED_HOSTS.*TRUST_PROXY/);
  }
  assertEquals(messages(app).length, 1);
  assertMatch(messages(app)[0]!, /^host name refused host=evil\.example hint=".*ALLOWED_HOSTS/);
});

Deno.test({
  name: "an app on a socket refuses a foreign name over HTTP/1.1 and over HTTP/2",
  ignore: await lacks("net"),
  async fn() {
    await using app = testApp();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
    for (const http2 of [false, true]) {
      using client = Deno.createHttpClient({ http1: !http2, http2, allowHost: true });
      const url = `http://localhost:${server.addr.port}/healthz`;
      const ask = async (host: string) => {
        const response = await fetch(url, { client, headers: { host } });
        await response.body?.cancel();
        return response.status;
      };
      assertEquals([await ask("localhost"), await ask("evil.example")], [200, 421]);
    }
    await server.shutdown();
  },
});
