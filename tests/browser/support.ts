/**
 * Shared by the browser tests: whether they can run, Chromium, and pages with their errors.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ServerProcess } from "../server/support.ts";

const CHROMIUM = "/usr/bin/chromium";

// In a variable, so that only these tests load the package.
const PLAYWRIGHT: string = "npm:playwright-core@1.65.1";

/** Whether Chromium is missing, or a permission to run it. */
export async function lacksBrowser(): Promise<boolean> {
  const names = ["net", "read", "write", "run", "env", "sys"] as const;
  const all = await Promise.all(names.map((name) => Deno.permissions.query({ name })));
  if (all.some(({ state }) => state !== "granted")) return true;
  try {
    return !Deno.statSync(CHROMIUM).isFile;
  } catch {
    // Chromium is not installed.
    return true;
  }
}

/** Options of a test in the browser. Playwright keeps its own pipes and timers. */
export const inBrowser = {
  ignore: await lacksBrowser(),
  sanitizeOps: false,
  sanitizeResources: false,
};

/** The members of Playwright's `Locator` that the tests use. */
export interface Locator {
  click(): Promise<void>;
  fill(value: string): Promise<void>;
  press(key: string): Promise<void>;
  focus(): Promise<void>;
  count(): Promise<number>;
  first(): Locator;
  nth(index: number): Locator;
  locator(selector: string): Locator;
  allTextContents(): Promise<string[]>;
  textContent(): Promise<string | null>;
  inputValue(): Promise<string>;
  getAttribute(name: string): Promise<string | null>;
  waitFor(options?: { state?: "attached" | "visible" | "hidden" }): Promise<void>;
}

/** The members of Playwright's `Page` that the tests use. */
export interface Page {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  close(): Promise<void>;
  locator(selector: string): Locator;
  readonly keyboard: { press(key: string): Promise<void> };
  evaluate(expression: string): Promise<unknown>;
  emulateMedia(media: Media): Promise<void>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  screenshot(
    options: { path: string; fullPage?: boolean; animations?: "disabled" },
  ): Promise<unknown>;
  on(event: "console", listener: (entry: ConsoleEntry) => void): void;
  on(event: "pageerror", listener: (error: Error) => void): void;
  waitForEvent(event: "requestfailed"): Promise<unknown>;
}

interface Media {
  readonly colorScheme: "light" | "dark";
  readonly reducedMotion?: "reduce";
}

interface ConsoleEntry {
  type(): string;
  text(): string;
  location(): { url: string };
}

interface Context {
  newPage(): Promise<Page>;
  readonly clock: Clock;
  cookies(): Promise<{ name: string; path: string }[]>;
  addInitScript(script: string): Promise<void>;
  grantPermissions(names: readonly string[]): Promise<void>;
  setOffline(isOffline: boolean): Promise<void>;
  setDefaultTimeout(ms: number): void;
  newCDPSession(page: Page): Promise<DevToolsSession>;
  close(): Promise<void>;
}

/** Options of a browser context. */
export interface ContextOptions {
  /** Whether certificates are accepted that nobody known has signed. */
  readonly ignoreHTTPSErrors?: boolean;
}

/** The members of Playwright's `CDPSession` that the tests use: it speaks as the developer tools do. */
interface DevToolsSession {
  send(method: string, params?: object): Promise<unknown>;
}

/**
 * The members of Playwright's `Clock` that the tests use. `runFor()` fires the timers of pages as time does,
 * and `fastForward()` as a machine that wakes up.
 */
interface Clock {
  install(): Promise<void>;
  fastForward(ms: number): Promise<void>;
  runFor(ms: number): Promise<void>;
}

interface Chromium {
  newContext(options: ContextOptions): Promise<Context>;
  close(): Promise<void>;
}

let running: Promise<Chromium> | undefined;

async function launch(): Promise<Chromium> {
  // Otherwise the package reads /proc when it loads, for which Deno requires every permission.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import(PLAYWRIGHT);
  return await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** Closes Chromium if a test has started it. */
export async function closeChromium(): Promise<void> {
  await (await running)?.close();
  running = undefined;
}

/** A browser context of Chromium, with its own tabs, cookies and connections. */
export class Browser implements AsyncDisposable {
  /** The errors of its pages. */
  readonly errors: string[] = [];

  private constructor(readonly context: Context) {}

  /** Starts it. */
  static async start(options: ContextOptions = {}): Promise<Browser> {
    const context = await (await (running ??= launch())).newContext(options);
    context.setDefaultTimeout(20_000);
    return new Browser(context);
  }

  /** Opens a page in a new tab. */
  async open(url: URL | string): Promise<Page> {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.errors.push(`${error}`));
    page.on("console", (entry) => {
      const { pathname } = new URL(entry.location().url || "about:blank");
      if (entry.type() === "error") this.errors.push(`${pathname}: ${entry.text()}`);
    });
    await page.goto(`${url}`);
    return page;
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP *.example 127.0.0.1",
];

/** The panel with this title. */
export function panel(page: Page, title: string): Locator {
  return page.locator(`.panel[aria-label="${title}"]`);
}

/** Waits until a panel is in a state. */
export async function reaches(panel: Locator, state: string): Promise<void> {
  await panel.locator(`.state[data-state=${state}]`).waitFor();
}

/**
 * Waits until a panel's list has at least this many of the application's events, and returns their data,
 * oldest first.
 */
export async function entries(panel: Locator, count: number): Promise<string[]> {
  const data = panel.locator(".entry:not(.is-control) .preview");
  await data.nth(count - 1).waitFor({ state: "attached" });
  return (await data.allTextContents()).reverse();
}

/** The token of the servers under test. */
export const TOKEN = "a-token-for-the-browser";

/** Starts a server that sends the time, and asks clients to reconnect, every 100 ms. */
export function startServer(settings: Readonly<Record<string, string>> = {}): ServerProcess {
  return new ServerProcess({
    INTERVAL_MS: "100",
    RETRY_MS: "100",
    PUBLISH_TOKEN: TOKEN,
    ...settings,
  });
}

/** Publishes text to a stream. */
export async function publish(url: URL, stream: string, data: string): Promise<void> {
  await publishEvent(url, stream, { data });
}

/** Publishes an event to a stream. Returns its id. */
export async function publishEvent(url: URL, stream: string, event: object): Promise<string> {
  const response = await fetch(new URL(`/sse?stream=${stream}`, url), {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(event),
  });
  const { id } = await response.json();
  assertEquals(response.status, 200);
  return id;
}
