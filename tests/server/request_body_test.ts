import { assertEquals } from "@std/assert";
import { readBody } from "../../lib/server/request_body.ts";
import { get } from "./support.ts";

/** The text of a body, or the status of its refusal. */
async function read(body: BodyInit | null, headers: HeadersInit = {}): Promise<string | number> {
  const text = await readBody(get("/", { method: "POST", body, headers }), 5);
  if (typeof text === "string") return text;
  await text.body?.cancel();
  return text.status;
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
  assertEquals(await read(Uint8Array.of(0xff)), 400);
  assertEquals(await read(Uint8Array.of(0xc3)), 400);
});
