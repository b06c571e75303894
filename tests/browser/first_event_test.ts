import { assert, assertEquals } from "@std/assert";
import { isAsShown, readAllBlocks, shownCommands } from "../code_blocks.ts";
import { freePort, isMissing } from "../program.ts";
import { isTerminalMissing, TerminalServer } from "../terminal.ts";
import { Browser, closeChromium, entries, lacksBrowser, panel, reaches } from "./support.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PROGRAMS = ["/usr/bin/git", "/usr/bin/curl", `${ROOT}.git`];
const ignore = await lacksBrowser() || isTerminalMissing ||
  (await Promise.all(PROGRAMS.map(isMissing))).includes(true);

Deno.test.afterAll(closeChromium);

/** What a README shows that `deno task start` prints at a terminal. */
async function shownBanner(): Promise<string> {
  const commands = (await readAllBlocks())
    .filter(({ language }) => language === "console").flatMap(shownCommands);
  return commands.find(({ command }) => command === "deno task start")!.output;
}

Deno.test({
  name: "from a clone, the commands that are shown and printed lead to an event on the page",
  ignore,
  // Playwright keeps its own pipes and timers.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    // git clone, also where the checkout belongs to another user.
    const folder = await Deno.makeTempDir();
    const checkout = `${folder}/sse-hub`;
    await Deno.writeTextFile(`${folder}/gitconfig`, "[safe]\n\tdirectory = *\n");
    const env = { GIT_CONFIG_GLOBAL: `${folder}/gitconfig` };
    const args = ["clone", "--quiet", ROOT, checkout];
    assert((await new Deno.Command("git", { args, env }).output()).success);

    // deno task start
    const PORT = `${freePort()}`;
    const command = `${Deno.execPath()} task start`;
    await using server = await TerminalServer.start({ HOST: "0.0.0.0", PORT }, {
      command,
      checkout,
    });
    const publish = await server.banner("Publish");
    await server.banner("Stop");
    const printed = server.stdout.all.filter((line) => !line.startsWith("Task ")).join("\n");
    const shown = (await shownBanner()).replaceAll("8080", PORT);
    assert(isAsShown(shown, printed.replaceAll("\r", ""), true), `${printed}\n≠\n${shown}`);

    // The URL that is printed, and then the command.
    await using browser = await Browser.start();
    const [url = ""] = (await server.banner("Listening on")).split(" ");
    const page = await browser.open(url);
    const chat = panel(page, "With history");
    await reaches(chat, "open");
    const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", publish] }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).subscribers, 1);
    assertEquals(await entries(chat, 1), ["Hello"]);
    assertEquals(browser.errors, []);
    await Deno.remove(folder, { recursive: true });
  },
});
