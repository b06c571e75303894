/**
 * Chromium as its users have it: tabs that can be hidden and frozen, and a back/forward cache. Playwright
 * keeps every page visible, so this speaks the protocol of the developer tools itself.
 *
 * @see {@link https://chromedevtools.github.io/devtools-protocol/ Chrome DevTools Protocol}
 *
 * @module
 */

const CHROMIUM = "/usr/bin/chromium";

/** A Chromium without a window on the screen, closed at the end of the scope. */
export class Chromium implements AsyncDisposable {
  readonly #answers = new Map<number, PromiseWithResolvers<Answer>>();
  #count = 0;

  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.onmessage = ({ data }) => {
      const { id, result, error } = JSON.parse(data);
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error) answer?.reject(new Error(`Cannot use Chromium: ${error.message}`));
      else answer?.resolve(result);
    };
  }

  /** Starts it. */
  static async start(): Promise<Chromium> {
    const profile = await Deno.makeTempDir();
    const process = new Deno.Command(CHROMIUM, {
      args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
      // It leads a group of processes, so that a signal reaches all of them.
      detached: true,
      stderr: "piped",
      stdout: "null",
    }).spawn();
    let text = "";
    const reader = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
    while (!/listening on ws:.*\n/.test(text)) text += (await reader.read()).value ?? "";
    (async () => {
      while (!(await reader.read()).done);
    })();
    const socket = new WebSocket(/listening on (ws:.*)\n/.exec(text)![1]!);
    await new Promise((resolve) => socket.onopen = resolve);
    return new Chromium(process, profile, socket);
  }

  /** Opens a page in a window of its own, since only one tab of a window is visible. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.send("Target.createTarget", {
      url: "about:blank",
      newWindow: true,
    });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, `${targetId}`, `${sessionId}`);
    await tab.goTo(url);
    return tab;
  }

  /** Sends a signal to all its processes. */
  signal(signal: Deno.Signal): void {
    Deno.kill(-this.process.pid, signal);
  }

  /** Sends a command, to a tab if its session is given. */
  send(method: string, params: object = {}, sessionId?: string): Promise<Answer> {
    const id = ++this.#count;
    const answer = Promise.withResolvers<Answer>();
    this.#answers.set(id, answer);
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return answer.promise;
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.send("Browser.close");
    await this.process.status;
    this.socket.close();
    await Deno.remove(this.profile, { recursive: true });
  }
}

/** What a command returns. */
type Answer = Readonly<Record<string, unknown>>;

/** A tab in a window of its own. */
export class Tab {
  /** Use `Chromium.open()`. */
  constructor(
    private readonly chromium: Chromium,
    private readonly targetId: string,
    private readonly sessionId: string,
  ) {}

  /** Goes to another page. */
  async goTo(url: string): Promise<void> {
    await this.#send("Page.navigate", { url });
  }

  /** Goes back. */
  async goBack(): Promise<void> {
    await this.#send("Runtime.evaluate", { expression: "history.back()" });
  }

  /** Hides it behind another tab of its window, or shows it again. */
  async setHidden(isHidden: boolean): Promise<void> {
    const expression = isHidden ? "globalThis.other = open('about:blank')" : "other.close()";
    await this.#send("Runtime.evaluate", { expression, userGesture: true });
  }

  /** Hides and freezes it, as the browser does to save energy, or shows it again. */
  async setFrozen(isFrozen: boolean): Promise<void> {
    if (isFrozen) await this.setHidden(true);
    await this.#send("Page.setWebLifecycleState", { state: isFrozen ? "frozen" : "active" });
    if (!isFrozen) await this.setHidden(false);
  }

  /** Lets the page have no network. */
  async setOffline(offline: boolean): Promise<void> {
    const limits = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await this.#send("Network.emulateNetworkConditions", { offline, ...limits });
  }

  /** Closes it. */
  async close(): Promise<void> {
    await this.chromium.send("Target.closeTarget", { targetId: this.targetId });
  }

  #send(method: string, params: object): Promise<Answer> {
    return this.chromium.send(method, params, this.sessionId);
  }
}

const FLAGS = [
  "--headless=new",
  "--remote-debugging-port=0",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
