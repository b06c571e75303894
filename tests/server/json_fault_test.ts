import { assertEquals } from "@std/assert";
import { findJsonFault } from "../../lib/server/json_fault.ts";
import { mulberry32 } from "../random.ts";

const FAULTS: [text: string, fault: string][] = [
  ["", "1:1 a JSON value"],
  ["hello", "1:1 a JSON value, not h"],
  ["'{}'", "1:1 a JSON value, not '"],
  ['{"data": "a"', "1:13 , or }"],
  ['{"data": "a",}', "1:14 a name in double quotes, not }"],
  ["{data: 1}", "1:2 a name in double quotes or }, not d"],
  ['{"data" 1}', "1:9 :, not 1"],
  ['{"a":1}\n{"a":2}', "2:1 nothing more, not {"],
  ['[\n  1,\n  "é😀", x]', "3:9 a JSON value, not x"],
  ["[1 2]", "1:4 , or ], not 2"],
  ["[1,]", "1:4 a JSON value, not ]"],
  ["[01]", "1:3 , or ], not 1"],
  ["[-]", "1:2 a JSON value, not -"],
  ["[1.]", "1:3 , or ], not ."],
  ['"a', '1:3 a " at the end of the string'],
  ['"a\nb"', "1:3 an escape such as \\n for a control character, not \n"],
  ['"a\\x"', '1:3 an escape such as \\n, \\" or \\\\, not \\'],
  ['"\\u00g0"', '1:2 an escape such as \\n, \\" or \\\\, not \\'],
  ["nul", "1:1 a JSON value, not n"],
  ["}", "1:1 a JSON value, not }"],
  ["[}", "1:2 a JSON value, not }"],
];

Deno.test("findJsonFault() says where a text stops being JSON, and what would be right there", () => {
  for (const [text, expected] of FAULTS) {
    const fault = findJsonFault(text)!;
    const found = fault.found === undefined ? "" : `, not ${fault.found}`;
    assertEquals(`${fault.line}:${fault.column} ${fault.expected}${found}`, expected, text);
  }
});

Deno.test("findJsonFault() finds a fault in exactly the texts that JSON.parse() refuses", () => {
  const pieces = [
    ...'{}[],:"\\ \n\t\0é/',
    "true",
    "null",
    "-0",
    "1.5",
    "e+9",
    "0",
    '"a"',
    "\\u12aF",
  ];
  const random = mulberry32(7);
  let valid = 0;
  for (let i = 0; i < 100_000; i++) {
    const length = 1 + Math.floor(random() * 7);
    const text = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join(
      "",
    );
    let isJson = true;
    try {
      JSON.parse(text);
    } catch {
      isJson = false;
    }
    valid += Number(isJson);
    assertEquals(findJsonFault(text) === undefined, isJson, JSON.stringify(text));
  }
  assertEquals(valid > 500, true);
});

Deno.test("findJsonFault() reads a text that is nested as deep as it is long", () => {
  const depth = 200_000;
  assertEquals(findJsonFault("[".repeat(depth) + "]".repeat(depth)), undefined);
  assertEquals(findJsonFault("[".repeat(depth))?.column, depth + 1);
  assertEquals(findJsonFault(`"${"\\n".repeat(depth)}`)?.column, 2 * depth + 2);
});
