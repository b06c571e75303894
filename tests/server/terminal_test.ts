import { assertEquals, assertMatch } from "@std/assert";
import { isMissing, lacks } from "../program.ts";
import { isTerminalMissing, TerminalServer } from "../terminal.ts";
import { Body } from "./support.ts";

const ignore = await lacks("net", "run", "read", "write") || isTerminalMissing;

/** Opens a session with a login code. */
async function logIn(url: URL, code: string): Promise<number> {
  const response = await fetch(new URL("/session", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  await response.body?.cancel();
  return response.status;
}

Deno.test({
  name: "main.ts at a terminal prints a URL of the console that logs in once",
  ignore,
  async fn() {
    await using server = await TerminalServer.start();
    const [address = ""] = (await server.banner("Console")).split(" ");
    const url = new URL(address);
    assertEquals(await server.banner("Listening on"), new URL("/", url).href);
    const [, code = ""] = /^#code=([\w-]{22})$/.exec(url.hash)!;
    assertEquals([await logIn(url, code), await logIn(url, code)], [204, 401]);
    assertEquals(server.stdout.all.filter((line) => line.includes(code)).length, 1);
  },
});

Deno.test({
  name: "main.ts at a terminal prints a command that publishes",
  ignore: ignore || await isMissing("/usr/bin/curl"),
  async fn() {
    await using server = await TerminalServer.start();
    const command = await server.banner("Publish");
    const url = await server.banner("Listening on");
    await using body = new Body(await fetch(new URL("/sse?stream=chat", url)));
    await body.until(/hello.*\n\n/s);
    const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", command] }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).subscribers, 1);
    await body.until(/data: Hello\n.*\n\n/);
  },
});

Deno.test({
  name: "main.ts at a terminal stops on Ctrl-C, and says how to stop at once",
  ignore,
  async fn() {
    await using server = await TerminalServer.start({ DRAIN_SECONDS: "1" });
    const url = await server.banner("Listening on");
    await using body = new Body(await fetch(new URL("/sse?stream=chat", url)));
    await body.until(/hello.*\n\n/s);
    assertEquals(await server.banner("Stop"), "Ctrl-C");
    await server.press("\x03");
    const line = await server.stdout.line("Stopping");
    assertMatch(line, /Stopping: 1 client, up to 1 s; Ctrl-C again to stop now/);
    await body.end();
    assertEquals(await server.exitCode(), 0);
  },
});

Deno.test({
  name: "main.ts at a terminal never prints the operator's own token",
  ignore,
  async fn() {
    const PUBLISH_TOKEN = "a-token-for-this-test";
    await using server = await TerminalServer.start({ PUBLISH_TOKEN });
    assertMatch(await server.banner("Publish"), /Bearer \$PUBLISH_TOKEN"/);
    await server.banner("Stop");
    assertEquals(server.stdout.all.filter((line) => line.includes(PUBLISH_TOKEN)), []);
  },
});
