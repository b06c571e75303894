import { assertEquals } from "@std/assert";
import { type Missing, settledBy } from "../../lib/hub/missing.ts";

function gap(name: string, throughId: string, what: Missing["what"] = "gap"): Missing {
  return { what, name, throughId };
}

Deno.test("settledBy() claims of a stream no more than the newest gap that names it", () => {
  assertEquals(settledBy([]), undefined);
  assertEquals(settledBy([gap("a", "e-3", "skipped")]), undefined);
  assertEquals(settledBy([gap("a", "e-3"), gap("b", "e-3")]), { id: "e-3", streams: ["a", "b"] });
  assertEquals(settledBy([gap("a", "e-3"), gap("b", "e-12")]), { id: "e-12", streams: ["b"] });
});
