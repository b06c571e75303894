import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isMissing, lacks } from "../program.ts";
import { signHs256 } from "./jwt_support.ts";
import { remedies, type Remedy } from "./remedies.ts";
import { QUIET, ServerProcess } from "./support.ts";

const PROGRAMS = { sh: "/bin/sh", node: "/usr/bin/node", python: "/usr/bin/python3" };
const TOKEN = "a-token-for-these-tests";
const JWT_KEY = "a key of more than 32 bytes, for these tests";
const missing = await Promise.all(["/usr/bin/curl", ...Object.values(PROGRAMS)].map(isMissing));
const ignore = missing.includes(true) || await lacks("net", "run", "read", "write");

/** The program that runs a command, and prints the answer and in the last line its status. */
function script({ program, command }: Remedy): string[] {
  switch (program) {
    case "sh":
      return ["-c", `curl() { command curl -s -w '\n%{http_code}' "$@"; }\n${command}`];
    case "node":
      return [
        "--input-type=module",
        "-e",
        `const answer = await ${command};\nconsole.log(await answer.text());\nconsole.log(answer.status);`,
      ];
    case "python":
      return ["-c", `${PYTHON}\nshow(lambda: ${command})`];
  }
}

const PYTHON = `
import json, os
from urllib.error import HTTPError
from urllib.request import Request, urlopen
def request(headers={}, **more):
    auth = {"Authorization": "Bearer " + os.environ["TOKEN"]}
    return Request(os.environ["URL"] + "/sse?stream=news", headers={**auth, **headers}, **more)
def show(make):
    try: answer = urlopen(make())
    except HTTPError as error: answer = error
    print(answer.read().decode()); print(answer.status)
`;

/** Runs a command, and returns the text and the status of the answer. */
async function run(remedy: Remedy, env: Record<string, string>): Promise<[string, number]> {
  const { stdout, stderr } = await new Deno.Command(PROGRAMS[remedy.program], {
    args: script(remedy),
    env,
    clearEnv: true,
    stdin: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  const status = Number(lines.pop());
  assert(status > 0, new TextDecoder().decode(stderr));
  return [lines.join("\n"), status];
}

/** The part of an answer that a person reads: the detail of problem details, or all of it. */
function readable(text: string): string {
  return text.startsWith("{") ? JSON.parse(text).detail ?? text : text;
}

Deno.test({
  name: "each command that a developer types is answered with its remedy",
  ignore,
  async fn(t) {
    await using open = new ServerProcess({ ...QUIET, PUBLISH_TOKEN: TOKEN, JWT_KEY });
    await using closed = new ServerProcess(QUIET);
    const folder = await Deno.makeTempDir();
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
    await Deno.writeTextFile(`${folder}/event.json`, '{"data":"hello"}');
    const later = Math.floor(Date.now() / 1_000) + 3_600;
    const sse = { publish: ["orders/*"] };
    const env = {
      PATH: "/usr/bin:/bin",
      URL: (await open.url()).origin,
      CLOSED: (await closed.url()).origin,
      FILES: folder,
      TOKEN,
      AUTH: `Authorization: Bearer ${TOKEN}`,
      EXPIRED: await signHs256({ exp: 1_750_000_000, sse }, JWT_KEY),
      NO_SSE: await signHs256({ exp: later }, JWT_KEY),
      ORDERS: await signHs256({ exp: later, sse }, JWT_KEY),
    };
    for (const remedy of remedies) {
      await t.step(remedy.command, async () => {
        const [text, status] = await run(remedy, env);
        assertEquals(status, remedy.status, text);
        assertStringIncludes(readable(text), remedy.remedy);
        assert(text.length < 800, text);
        assertEquals([text.includes(TOKEN), /^ +at /m.test(text)], [false, false], text);
      });
    }
  },
});
