import { assertEquals, assertMatch } from "@std/assert";
import { controlEvents } from "../../lib/wire/control_events.ts";
import { CONTROL_EVENTS } from "../../static/control_events.js";
import { ServerProcess } from "../server/support.ts";
import { Network } from "./network.ts";
import {
  Browser,
  closeChromium,
  entries,
  inBrowser,
  type Locator,
  panel,
  publish,
  publishEvent,
  reaches,
  startServer,
  TOKEN,
} from "./support.ts";

Deno.test.afterAll(closeChromium);

const ORDER = { id: 12345678901234567890n, lines: [{ item: "tea" }, { item: "cup" }], note: null };
const ORDER_TEXT = `{"id":${ORDER.id},"lines":[{"item":"tea"},{"item":"cup"}],"note":null}`;

/** A server, and its demo page with the panel of the stream `chat`. */
async function stand(settings: Readonly<Record<string, string>> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startServer(settings));
  const url = await server.url();
  const network = stack.use(new Network(url));
  const browser = stack.use(await Browser.start());
  const page = await browser.open(network.url);
  const chat = panel(page, "With history");
  await reaches(chat, "open");
  const all = stack.move();
  return {
    server,
    url,
    network,
    browser,
    page,
    chat,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function control(panel: Locator, type: string): Locator {
  return panel.locator(`.is-control:has(.type:text-is("${type}"))`);
}

Deno.test({
  name: "the demo page shows events of every type, each with its type, time, size and id",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const id = await publishEvent(stage.url, "chat", { event: "price", data: "€ 1.08" });
    const entry = stage.chat.locator(".entry:has(.type:text-is('price'))");
    await entry.waitFor();
    const text = (name: string) => entry.locator(`.${name}`).textContent();
    assertEquals(await text("preview"), "€ 1.08");
    assertEquals(await text("size"), "8 B");
    assertEquals(await text("event-id"), id);
    assertMatch(await text("time") ?? "", /^\d\d:\d\d:\d\d$/);
    assertEquals(await stage.chat.locator(".events").textContent(), "1");
  },
});

Deno.test({
  name: "the demo page lays JSON out, exactly, and folds it",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    await publish(stage.url, "chat", ORDER_TEXT);
    const entry = stage.chat.locator(".entry:not(.is-control)");
    await entry.locator(".preview").click();
    const tree = entry.locator(".tree").first();
    await tree.locator("li:has-text('cup')").first().waitFor({ state: "visible" });
    assertEquals(await tree.locator(".number").allTextContents(), [`${ORDER.id}`, "null"]);
    await tree.locator("summary:has-text('lines')").click();
    await tree.locator("li:has-text('cup') li").first().waitFor({ state: "hidden" });
  },
});

Deno.test({
  name: "the demo page copies an event as its data, and as a command that publishes it again",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { url, page, chat } = stage;
    await stage.browser.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const data = 'it\'s "$HOME" `id`\nand \\n';
    await publishEvent(url, "chat", { event: "note", data });
    const entry = chat.locator(".entry:has(.type:text-is('note'))").first();
    await entry.locator("summary").click();
    const copy = async (button: string) => {
      await entry.locator(button).click();
      await entry.locator(".copied:text-is('Copied')").waitFor();
      return `${await page.evaluate("navigator.clipboard.readText()")}`;
    };
    assertEquals(await copy(".copy-data"), data);
    const args = ["-c", await copy(".copy-curl")];
    const sh = new Deno.Command("sh", { args, env: { PUBLISH_TOKEN: TOKEN }, stderr: "null" });
    const { stdout } = await sh.output();
    assertMatch(new TextDecoder().decode(stdout), /"stream":"chat"/);
    assertEquals(await entries(chat, 2), [data, data]);
    assertEquals(await chat.locator(".type:text-is('note')").count(), 2);
  },
});

Deno.test({
  name: "the demo page has a sentence for each of the server's control events",
  fn() {
    assertEquals(Object.keys(CONTROL_EVENTS).sort(), [...controlEvents].sort());
  },
});

Deno.test({
  name: "the demo page shows hello, and a gap after events that the server no longer has",
  ...inBrowser,
  async fn() {
    await using stage = await stand({ HISTORY_EVENTS: "2" });
    const { url, network, chat } = stage;
    await control(chat, "hello").first().waitFor();
    network.cut();
    await reaches(chat, "waiting");
    for (let i = 0; i < 5; i++) await publish(url, "chat", `text ${i}`);
    network.restore();
    await control(chat, "gap").waitFor();
    assertEquals(await entries(chat, 2), ["text 3", "text 4"]);
    assertEquals(await chat.locator(".events").textContent(), "2");
  },
});

Deno.test({
  name: "the demo page reconnects when the heartbeats stay away",
  ...inBrowser,
  async fn() {
    await using stage = await stand({ HEARTBEAT_SECONDS: "1" });
    const { server, url, chat } = stage;
    server.kill("SIGSTOP");
    await chat.locator(".why:has-text('Nothing came for too long')").waitFor();
    server.kill("SIGCONT");
    await reaches(chat, "open");
    await publish(url, "chat", "Hello again");
    assertEquals(await entries(chat, 1), ["Hello again"]);
  },
});

Deno.test({
  name: "the arrow keys move from event to event of a list, and Enter opens one",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { url, page, chat } = stage;
    for (const text of ["one", "two", "three"]) await publish(url, "chat", text);
    await entries(chat, 3);
    const list = chat.locator(".list");
    await list.focus();
    const keys = ["End", "ArrowUp", "Home", "ArrowDown"];
    const focused: unknown[] = [];
    for (const key of keys) {
      await page.keyboard.press(key);
      focused.push(
        await page.evaluate("document.activeElement.querySelector('.preview').innerText"),
      );
    }
    assertEquals(focused.slice(1), ["one", "three", "two"]);
    await page.keyboard.press("Enter");
    await chat.locator("details[open] .plain:text-is('two')").waitFor();
    await page.keyboard.press("Tab");
    const label = await page.evaluate("document.activeElement.getAttribute('aria-label')");
    assertMatch(`${label}`, /^Copy data of event \S+-2$/);
  },
});

Deno.test({
  name: "where publishing is closed, the demo page says how to open it, and asks for no token",
  ...inBrowser,
  async fn() {
    await using server = new ServerProcess();
    await using browser = await Browser.start();
    const page = await browser.open(await server.url());
    const closed = panel(page, "With history").locator(".closed");
    await closed.waitFor();
    assertMatch(await closed.textContent() ?? "", /set the variable\s+PUBLISH_TOKEN/);
    assertEquals(await page.locator("[name=token]").count(), 0);
    assertEquals(browser.errors, []);
  },
});
