import { assertEquals, assertThrows } from "@std/assert";
import { checkNumbers, describeRule, parseWhole } from "../../lib/wire/number_option.ts";

Deno.test("checkNumbers() accepts what its rules allow, and an option that is left out", () => {
  const rules = { ms: { min: 0, max: 10 }, count: { above: 0, isWhole: true }, any: {} };
  for (
    const options of [{}, { ms: undefined }, { ms: 0, count: 1, any: -1 }, { count: Infinity }]
  ) {
    checkNumbers("test", options, rules);
  }
});

Deno.test("checkNumbers() rejects a wrong option with its name, its rule and its value", () => {
  const table = [
    [{ ms: -1 }, { ms: { min: 0 } }, "ms must be a number of at least 0, got -1"],
    [{ ms: "1" }, { ms: { min: 0, max: 9 } }, 'ms must be a number from 0 to 9, got "1"'],
    [
      { n: 1.5 },
      { n: { min: 1, isWhole: true } },
      "n must be a whole number of at least 1, got 1.5",
    ],
    [{ n: 0 }, { n: { above: 0 } }, "n must be a number above 0, got 0"],
    [{ n: NaN }, { n: {} }, "n must be a number, got NaN"],
  ] as const;
  for (const [options, rules, message] of table) {
    assertThrows(() => checkNumbers("test", options, rules), RangeError, `Cannot test: ${message}`);
  }
});

Deno.test("parseWhole() reads decimal digits within its rule, and nothing else", () => {
  const rule = { min: 1, max: 10 };
  assertEquals(["1", "007", "10"].map((text) => parseWhole(text, rule)), [1, 7, 10]);
  for (const text of ["", "0", "11", "-1", "+1", "1.0", "1e1", "0x1", " 1", "١", "9".repeat(400)]) {
    assertEquals(parseWhole(text, rule), undefined, text);
  }
  assertEquals(parseWhole("9007199254740991", {}), 9_007_199_254_740_991);
  assertEquals(parseWhole("9007199254740992", {}), undefined);
});

Deno.test("describeRule() says what parseWhole() accepts", () => {
  assertEquals(describeRule({ min: 0, max: 9, isWhole: true }), "a whole number from 0 to 9");
  assertEquals(describeRule({ min: 1, isWhole: true }), "a whole number of at least 1");
});
