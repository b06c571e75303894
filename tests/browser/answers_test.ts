import { assertEquals } from "@std/assert";
import { produce } from "../examples/answer_producer.ts";
import { freePort } from "../program.ts";
import { ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";
import { Browser, closeChromium, inBrowser, type Page } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const WORDS = Array.from({ length: 24 }, (_, i) => `${i ? " " : ""}word${i}`);
const ANSWER = WORDS.join("");

Deno.test.afterAll(closeChromium);

/** The blocks of an answer in the wire format of a model's service, and how a page reads one. */
interface Format {
  readonly name: string;
  readonly blocks: readonly string[];
  /** An expression for the text of a block, whose data is `value`. */
  readonly text: string;
}

const FORMATS: readonly Format[] = [
  {
    name: "OpenAI's chat completions",
    blocks: [
      ...WORDS.map((content) => ({
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      })),
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    ].map((chunk) => {
      const fields = {
        id: "chatcmpl-1",
        object: "chat.completion.chunk",
        created: 1,
        model: "double",
      };
      return `data: ${JSON.stringify({ ...fields, ...chunk })}\n\n`;
    }),
    text: 'value.choices[0].delta.content ?? ""',
  },
  {
    name: "the AI SDK's UI message stream",
    blocks: [
      { type: "start" },
      { type: "text-start", id: "0" },
      ...WORDS.map((delta) => ({ type: "text-delta", id: "0", delta })),
      { type: "text-end", id: "0" },
      { type: "finish" },
    ].map((part) => `data: ${JSON.stringify(part)}\n\n`),
    text: 'value.type === "text-delta" ? value.delta : ""',
  },
];

/** A model: it sends the blocks of an answer as the test lets it, and knows whether it was stopped. */
class Model {
  isStopped = false;
  readonly #blocks: string[];
  #released = 0;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor({ blocks }: Format) {
    this.#blocks = [...blocks, "data: [DONE]\n\n"];
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => void (this.#controller = controller),
        cancel: () => void (this.isStopped = true),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
  }

  /** Asks it, as an application would. */
  async ask(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return (await fetch(`http://127.0.0.1:${this.#server.addr.port}/`, { method: "POST", signal }))
      .body!;
  }

  /** Sends the next blocks; all the others without a count. */
  say(count = Infinity): void {
    for (const block of this.#blocks.slice(this.#released, this.#released + count)) {
      this.#controller!.enqueue(new TextEncoder().encode(block));
      this.#released++;
    }
    if (this.#released === this.#blocks.length) this.#controller!.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A page that shows an answer: "…" stands after it while it goes on. */
function pageOf(hub: string, { text }: Format): string {
  return `<!doctype html><p></p><script type="module">
    const [p] = document.querySelectorAll("p");
    const source = new EventSource("${hub}/sse?stream=answers/1&since=earliest");
    source.onmessage = ({ data }) => {
      if (data === "[DONE]") return;
      const value = JSON.parse(data);
      p.append(${text});
    };
    for (const type of ["gap", "reset", "failed"]) source.addEventListener(type, () => p.append(type));
    source.addEventListener("ended", () => { source.close(); p.id = "ended"; });
  </script>`;
}

/** A server with its log in a file, that can be killed and started again at the same address. */
class Hub implements AsyncDisposable {
  readonly #port = freePort();
  readonly #folder = Deno.makeTempDirSync();
  readonly url = `http://127.0.0.1:${this.#port}`;
  #process: ServerProcess | undefined;

  constructor(readonly origin: string) {}

  async start(): Promise<void> {
    const settings = {
      PORT: `${this.#port}`,
      PUBLISH_TOKEN: TOKEN,
      EVENT_LOG: "kv",
      KV_PATH: `${this.#folder}/hub.sqlite`,
      CORS_ORIGINS: this.origin,
      RETRY_MS: "100",
    };
    this.#process = new ServerProcess(settings, { folder: this.#folder });
    await this.#process.url();
  }

  async kill(): Promise<void> {
    await this.#process![Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function shows(page: Page, text: string): Promise<void> {
  await page.locator(`p:has-text(${JSON.stringify(text)})`).waitFor();
}

for (const format of FORMATS) {
  Deno.test(
    `two tabs show an answer in ${format.name} whole and once, through a reload and a killed server`,
    inBrowser,
    async () => {
      let html = "";
      const answerPage = () => new Response(html, { headers: { "content-type": "text/html" } });
      await using site = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answerPage);
      const origin = `http://127.0.0.1:${site.addr.port}`;
      await using hub = new Hub(origin);
      html = pageOf(hub.url, format);
      await hub.start();
      await using model = new Model(format);
      await using browser = await Browser.start();
      const [one, two] = [await browser.open(origin), await browser.open(origin)];
      const answer = await model.ask(new AbortController().signal);
      const produced = produce(answer, { url: `${hub.url}/sse?stream=answers/1`, token: TOKEN });
      model.say(8);
      await Promise.all([shows(one, "word4"), shows(two, "word4")]);
      await two.reload();
      await shows(two, "word4");
      await hub.kill();
      model.say(8);
      await hub.start();
      await Promise.all([shows(one, "word12"), shows(two, "word12")]);
      model.say();
      await produced;
      for (const page of [one, two]) {
        await page.locator("#ended").waitFor();
        assertEquals(await page.locator("p").textContent(), ANSWER);
      }
    },
  );
}

Deno.test(
  "an answer is stopped by a call to its producer, and not by viewers that leave",
  inBrowser,
  async () => {
    const [format] = FORMATS;
    let html = "";
    const answerPage = () => new Response(html, { headers: { "content-type": "text/html" } });
    await using site = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answerPage);
    const origin = `http://127.0.0.1:${site.addr.port}`;
    await using hub = new Hub(origin);
    html = pageOf(hub.url, format!);
    await hub.start();
    await using model = new Model(format!);
    await using browser = await Browser.start();
    const [one, two] = [await browser.open(origin), await browser.open(origin)];
    const { signal, abort } = stopper();
    const answer = await model.ask(new AbortController().signal);
    const produced = produce(answer, {
      url: `${hub.url}/sse?stream=answers/1`,
      token: TOKEN,
      signal,
    });
    model.say(4);
    await shows(one, "word2");
    await two.close();
    model.say(4);
    await shows(one, "word6");
    assertEquals(model.isStopped, false);
    abort();
    await produced;
    await until(() => model.isStopped);
    await one.locator("#ended").waitFor();
  },
);

function stopper() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
