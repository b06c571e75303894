import { assertEquals, assertThrows } from "@std/assert";
import { parseExactJson, toNumber } from "../../lib/server/exact_json.ts";
import { mulberry32 } from "../random.ts";

/** A random number in JSON, with few digits or with many. */
function randomNumber(random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const digits = (most: number) =>
    Array.from({ length: 1 + below(most) }, () => below(10)).join("");
  const whole = below(3) ? digits(20).replace(/^0+(?=\d)/, "") : "0";
  const fraction = below(2) ? `.${"0".repeat(below(8))}${digits(18)}` : "";
  const exponent = below(5) ? "" : `${below(2) ? "e" : "E"}${["", "+", "-"][below(3)]}${digits(3)}`;
  return `${below(3) ? "" : "-"}${whole}${fraction}${exponent}`;
}

Deno.test("parseExactJson() and JSON.stringify() keep the text of 100 000 random numbers", () => {
  const random = mulberry32(12);
  for (let i = 0; i < 100_000; i++) {
    const number = randomNumber(random);
    const json = [`[${number}]`, `{"a":${number}}`, `[0,${number},0]`][i % 3]!;
    assertEquals(JSON.stringify(parseExactJson(json)), json);
    assertEquals(toNumber((parseExactJson(`[${number}]`) as unknown[])[0]), Number(number));
  }
});

Deno.test("parseExactJson() is JSON.parse() for numbers that a double keeps", () => {
  const json = '{"a":[1,-1.5,0,123456789012345,0.000001,"1.0",null,true,{"b":""}]}';
  assertEquals(parseExactJson(json), JSON.parse(json));
});

Deno.test("parseExactJson() throws the errors of JSON.parse()", () => {
  for (const json of ["", "[1.0", "[01.0]", "[1.]", "[-0,]", "[1e]"]) {
    assertThrows(() => parseExactJson(json), SyntaxError);
  }
});

Deno.test("toNumber() returns every other value unchanged", () => {
  for (const value of [1, "1.0", null, undefined, { rawJSON: "1" }, [1]]) {
    assertEquals(toNumber(value), value);
  }
});
