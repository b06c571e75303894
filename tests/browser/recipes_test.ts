import { assertEquals } from "@std/assert";
import { isMissing } from "../program.ts";
import { CopiedRecipe, lacksNpm, readRecipes } from "../recipes.ts";
import { Browser, closeChromium, lacksBrowser, type Page } from "./support.ts";

const ignore = await lacksBrowser() || await isMissing("/bin/bash") ||
  await isMissing("/usr/bin/curl");
const isNpmMissing = ignore || await lacksNpm();
const recipes = ignore ? [] : (await readRecipes()).filter(({ page }) => page);

// Playwright keeps its own pipes and timers.
const options = { sanitizeOps: false, sanitizeResources: false };

Deno.test.afterAll(closeChromium);

/** What the page of each recipe shows, sooner or later. */
const SHOWN: Readonly<Record<string, string>> = {
  "Deno.serve, main.ts": "Still here Still here",
  "A stream for each user, main.ts": "Welcome, ada",
  "An answer that survives a reload, main.ts": "Paris is the capital.",
  "Several streams on one connection, main.ts": "News: Still here Price: 1.08",
  "A live table, main.ts": "Tea: 2 Coffee: 5",
  "Who is here, main.ts": "ada",
  "A dashboard's values": "load: 0.7queue: 13",
  "Another origin": "time: 20",
  "A token in a header": "Tea",
};

for (const recipe of recipes) {
  const isIgnored = recipe.needsNpm && isNpmMissing;
  const why = isIgnored ? " (ignored: npm can't be reached)" : "";
  Deno.test({
    name: `the page of the recipe "${recipe.title}" shows what its server sends${why}`,
    ignore: isIgnored,
    ...options,
    async fn() {
      await using copied = await CopiedRecipe.make(recipe);
      await using shell = await copied.run();
      await shell.run({ command: `echo "$token" >${copied.folder}/token`, output: "" });
      await using site = serveFolder(copied);
      await using browser = await Browser.start();
      const page = await browser.open(site.url);
      const token = (await Deno.readTextFile(`${copied.folder}/token`)).trim();
      await page.evaluate(`sessionStorage.setItem("token", "${token}")`);
      await runInPage(page, copied);
      await shows(page, SHOWN[recipe.title]!);
    },
  });
}

Deno.test({
  name: "the page of a recipe shows an answer whole, and once, also if it is reloaded meanwhile",
  ignore,
  ...options,
  async fn() {
    const recipe = recipes.find(({ title }) => title.startsWith("An answer"))!;
    await using copied = await CopiedRecipe.make(recipe);
    await using _shell = await copied.run();
    await using browser = await Browser.start();
    const page = await browser.open(copied.url("8000"));
    await runInPage(page, copied);
    await shows(page, "Paris is");
    await page.reload();
    await runInPage(page, copied);
    await shows(page, "Paris is the capital.");
    assertEquals(await page.locator("body").textContent(), "Paris is the capital.");
  },
});

/** Runs a recipe's code in a page, as a module of its own. */
async function runInPage(page: Page, copied: CopiedRecipe): Promise<void> {
  const code = JSON.stringify(copied.withPorts(copied.recipe.page!.text));
  await page.evaluate(`document.body.replaceChildren();
    document.head.append(
      Object.assign(document.createElement("script"), { type: "module", textContent: ${code} }));`);
}

async function shows(page: Page, text: string): Promise<void> {
  await page.locator(`body:has-text(${JSON.stringify(text)})`).first().waitFor();
}

/** Where the page of a recipe is: at the recipe's server, or else at an origin that has its files. */
function serveFolder(copied: CopiedRecipe): AsyncDisposable & { readonly url: string } {
  if (copied.isServing) {
    return { url: copied.url("8000"), [Symbol.asyncDispose]: async () => {} };
  }
  const url = copied.url("3000");
  const server = Deno.serve({ port: Number(new URL(url).port), onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const isPage = pathname === "/";
    const file = copied.folder + pathname;
    const text = isPage ? "<!doctype html>" : await Deno.readTextFile(file).catch(() => "");
    return new Response(text, {
      headers: { "content-type": isPage ? "text/html" : "text/javascript" },
    });
  });
  return { url, [Symbol.asyncDispose]: () => server.shutdown() };
}
