import { assert, assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "../../lib/server/command_line.ts";
import { bunCommands, nodeCommands } from "../../lib/server/command_names.ts";
import { helpLines } from "../../lib/server/help.ts";

const SECRET = "a secret of at least 32 bytes, ok?";

function run(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const names = Object.keys(settings);
  return runCommand(args, { get: (name) => settings[name], names });
}

Deno.test("runCommand() starts the server without arguments", async () => {
  assertEquals(await run([]), undefined);
});

Deno.test("runCommand() prints the help for --help and -h, also beside others", async () => {
  for (const args of [["--help"], ["-h"], ["--check", "--help"]]) {
    assertEquals(await run(args, { PORT: "http" }), { stdout: helpLines(), code: 0 });
  }
});

Deno.test("runCommand() names in every help what one types on the runtime", async () => {
  for (const commands of [nodeCommands, bunCommands]) {
    const get = () => undefined;
    for (const args of [["--help"], ["token", "--help"], ["doctor", "--help"], ["--env-file=a"]]) {
      const output = await runCommand(args, { get, names: [], commands });
      const { stdout = [], stderr = [] } = output!;
      const usage = [...stdout, ...stderr].join("\n").split("\n\n  HOST")[0]!;
      assert(!usage.includes("deno task"), usage);
      assert(Object.values(commands).some((command) => usage.includes(command)), usage);
    }
  }
});

Deno.test("runCommand() shows the configuration for --check, and what is probably not meant", async () => {
  const { stdout = [], stderr, code } = (await run(["--check"], {
    PORT: "9000",
    HISTORY_EVENT: "5",
    KV_PATH: "x",
  }))!;
  assertEquals([stdout[0], stdout[1]?.slice(0, 9), code], ["HOST=0.0.0.0", "PORT=9000", 0]);
  assertEquals(stderr, [
    "HISTORY_EVENT is not an option of the server; did you mean HISTORY_EVENTS?",
    "KV_PATH has no effect without EVENT_LOG=kv",
  ]);
});

Deno.test("runCommand() names everything that is wrong for --check, with exit code 1", async () => {
  assertEquals(await run(["--check"], { PORT: "http", EVENTLOG: "kv", MAX_STREAMS: "0" }), {
    stderr: [
      "EVENTLOG is not an option of the server; did you mean EVENT_LOG?",
      'PORT: expected a whole number from 0 to 65535, got "http"',
      'MAX_STREAMS: expected a whole number of at least 1, got "0"',
    ],
    code: 1,
  });
  const damaged = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
  const { stderr: [error = ""] = [], code } = (await run(["--check"], { JWT_KEY: damaged }))!;
  assertMatch(error, /^JWT_KEY: .* got a public key that is damaged/);
  assertEquals(code, 1);
});

Deno.test("runCommand() names --help for an argument that there is not, and no value of it", async () => {
  const table = {
    "--port=9000": '"--port"; set the environment variable PORT instead, see --help',
    "--publish-token=hunter2":
      '"--publish-token"; set the environment variable PUBLISH_TOKEN instead, see --help',
    "PORT=9000": '"PORT"; set the environment variable PORT instead, see --help',
    "--env-file=.env":
      '"--env-file"; it is an argument of the runtime: deno task --env-file=.env start',
    "--verbose": '"--verbose"; --help lists what there is',
    "start": '"start"; --help lists what there is',
    "": '""; --help lists what there is',
  };
  for (const [argument, text] of Object.entries(table)) {
    const stderr = [`Cannot start: there is no argument ${text}`];
    assertEquals(await run(["--check", argument]), { stderr, code: 2 });
  }
});

Deno.test("runCommand() makes a token for the argument token", async () => {
  const output = await run(["token", "--publish", "news"], { JWT_KEY: SECRET });
  assertMatch(output!.stdout![0]!, /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
});
