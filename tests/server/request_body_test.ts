import { assertEquals, assertRejects } from "@std/assert";
import { toHex } from "../../lib/wire/byte_text.ts";
import { readBody } from "../../lib/server/request_body.ts";
import { lacks } from "../program.ts";
import { soon, until } from "../wait.ts";
import { get, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const noNet = await lacks("net");

/** The text of a body, or the status of its refusal. */
async function read(
  body: BodyInit | null,
  headers: HeadersInit = {},
  isFramed = false,
): Promise<string | number> {
  const request = get("/", { method: "POST", body, headers });
  const text = await readBody(request, 5, { isFramed });
  if (typeof text === "string") return text;
  await text.body?.cancel();
  return text.status;
}

/** The same, as a server with framing reads a body of this length. */
async function readFramed(body: string | Uint8Array<ArrayBuffer>): Promise<string | number> {
  const { length } = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return await read(body, { "content-length": `${length}` }, true);
}

Deno.test("readBody() reads up to its bound in bytes, whatever Content-Length claims", async () => {
  for (const length of ["0", "3", "5", "", "x", "-1"]) {
    assertEquals(await read("hello", { "content-length": length }), "hello", length);
    assertEquals(await read("hello!", { "content-length": length }), 413, length);
  }
  assertEquals([await read("héll"), await read("héllo"), await read("")], ["héll", 413, ""]);
  assertEquals(await read(null), "");
  assertEquals(await read("a", { "content-length": "6" }), 413);
});

Deno.test("readBody() refuses bytes that are not UTF-8", async () => {
  for (const bytes of [Uint8Array.of(0xff), Uint8Array.of(0xc3), Uint8Array.of(0x61, 0xe2)]) {
    assertEquals([await read(bytes), await readFramed(bytes)], [400, 400], toHex(bytes));
  }
});

Deno.test("readBody() reads a framed body as it reads any other one", async () => {
  for (const body of ["", "hello", "héll", "\ufeffab", "ab\ufeff", "\0"]) {
    assertEquals(await readFramed(body), await read(body), JSON.stringify(body));
  }
  assertEquals(await readFramed("hello!"), 413);
  assertEquals(await read("hello", {}, true), "hello");
  assertEquals(await read("hello!", {}, true), 413);
  assertEquals(await read("hello!", { "content-length": "3, 3" }, true), 413);
});

Deno.test("readBody() throws if a framed body has been read already", async () => {
  const request = get("/", { method: "POST", body: "a", headers: { "content-length": "1" } });
  await request.text();
  await assertRejects(() => readBody(request, 5, { isFramed: true }), TypeError);
});

/** Connects to a server of an app whose events may have 5 bytes. */
async function connect() {
  const app = testApp({ PUBLISH_TOKEN: TOKEN, MAX_EVENT_BYTES: "5", INTERVAL_MS: "3600000" });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const write = async (text: string) => {
    const bytes = new TextEncoder().encode(text);
    assertEquals(await socket.write(bytes), bytes.length);
  };
  /** The statuses of the next answers, `count` of them. */
  const statuses = async (count: number) => {
    let text = "";
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const found = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
      if (found.length >= count) return found;
      const length = await soon(socket.read(buffer), () => `${count} answers in ${text}`);
      if (length === null) return found;
      text += new TextDecoder().decode(buffer.subarray(0, length));
    }
  };
  const published = () => app.hub.stats().published;
  return {
    write,
    statuses,
    published,
    socket,
    async [Symbol.asyncDispose]() {
      try {
        socket.close();
      } catch {
        // The test has closed it.
      }
      await server.shutdown();
      await app.close();
    },
  };
}

const HEAD = `POST /sse?stream=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n` +
  `Authorization: Bearer ${TOKEN}\r\n`;

Deno.test({
  name: "a publish takes as many bytes as its framing says, and no more than it may",
  ignore: noNet,
  async fn() {
    const rows: [rest: string, statuses: number[], published: number][] = [
      ["Content-Length: 5\r\n\r\nhello", [200], 1],
      ["Content-Length: 0\r\n\r\n", [200], 1],
      [`Content-Length: 2\r\n\r\nhi${HEAD}Content-Length: 2\r\n\r\nho`, [200, 200], 2],
      ["Content-Length: 3\r\n\r\nhello", [200], 1],
      ["Content-Length: 6\r\n\r\nhello!", [413], 0],
      ["Content-Length: 3\r\nContent-Length: 4\r\n\r\nhello", [400], 0],
      ["Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", [400], 0],
      ["Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", [200], 1],
      ["Transfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n", [413], 0],
      ["Content-Length: 1\r\n\r\né", [400], 0],
      ["Content-Length: 5\r\nContent-Type: text/html\r\n\r\nhello", [415], 0],
    ];
    for (const [rest, statuses, published] of rows) {
      await using client = await connect();
      await client.write(HEAD + rest);
      assertEquals([rest, await client.statuses(statuses.length)], [rest, statuses]);
      assertEquals([rest, client.published()], [rest, published]);
    }
  },
});

Deno.test({
  name: "a publish whose body stalls waits for the rest, and publishes nothing if none comes",
  ignore: noNet,
  async fn() {
    await using slow = await connect();
    await slow.write(`${HEAD}Content-Length: 5\r\n\r\nhel`);
    await using other = await connect();
    await other.write(`${HEAD}Content-Length: 2\r\n\r\nhi`);
    assertEquals([await other.statuses(1), slow.published()], [[200], 0]);
    await slow.write("lo");
    assertEquals([await slow.statuses(1), slow.published()], [[200], 1]);
    await slow.write(`${HEAD}Content-Length: 5\r\n\r\nhel`);
    await slow.socket.closeWrite();
    await until(async () => (await slow.statuses(1)).length === 0);
    assertEquals(slow.published(), 1);
  },
});
