import { assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "../../lib/server/command_line.ts";
import { runDoctorCommand } from "../../lib/server/doctor_command.ts";
import { freePort, lacks } from "../program.ts";

const URL_OF_A_STREAM = "https://events.example/sse";
const ignore = await lacks("net");

Deno.test("deno task doctor --help prints how to use it", async () => {
  const { stdout, code } = await runDoctorCommand(["--help"]);
  assertEquals(code, 0);
  assertMatch(stdout!.join("\n"), /--publish <url> /);
  assertEquals(stdout!.filter((line) => line.length > 100), []);
});

Deno.test("deno task doctor says what is wrong, and repeats no secret", async () => {
  const table: [string[], RegExp][] = [
    [[], /give one address, such as https:/],
    [[URL_OF_A_STREAM, URL_OF_A_STREAM], /give one address/],
    [["events.example"], /"events\.example" is not an address that begins with http:/],
    [["ftp://events.example/"], /is not an address that begins/],
    [["https://ann:hunter2@events.example/"], /the address has a password; give it with --header/],
    [[URL_OF_A_STREAM, "--verbose"], /there is no argument "--verbose"; see --help/],
    [[URL_OF_A_STREAM, "--token"], /--token needs a value/],
    [
      [URL_OF_A_STREAM, "--token", "a\nhunter2"],
      /--token and --publish-token take the token alone/,
    ],
    [[URL_OF_A_STREAM, "--header", "hunter2"], /--header needs a name, a colon and a value/],
    [[URL_OF_A_STREAM, "--publish", "news"], /"news" is not an address/],
    [[URL_OF_A_STREAM, "--for", "1d"], /--for "1d" is not a time such as 20s/],
    [
      [URL_OF_A_STREAM, "--connections=1001"],
      /--connections "1001" is not a number from 0 to 1000/,
    ],
  ];
  for (const [args, text] of table) {
    const { stdout, stderr, code } = await runDoctorCommand(args);
    assertEquals([stdout, code], [undefined, 2]);
    assertMatch(stderr!.join("\n"), text);
    assertEquals(stderr!.join().includes("hunter2"), false);
  }
});

Deno.test({
  name:
    "deno task doctor reports a line for each check, and exits with 1 for a server that is away",
  ignore,
  async fn() {
    const url = `http://127.0.0.1:${freePort()}/sse`;
    const { stdout, code } = (await runCommand(["doctor", url, "--for=1s"], {
      get: () => undefined,
      names: [],
    }))!;
    assertEquals([code, stdout!.length, stdout![0]], [1, 4, url]);
    assertMatch(stdout![1]!, /^fault {4}answer {2}the request failed: .*refused/);
    assertMatch(stdout![2]!, /^ {17}change: check the address/);
    assertEquals(stdout![3], "1 fault, 0 warnings");
  },
});
