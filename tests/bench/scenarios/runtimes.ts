import type { Row, Scenario } from "../scenario.ts";
import { burst } from "./burst.ts";
import { connect } from "./connect.ts";
import { idle } from "./idle.ts";
import { paced } from "./paced.ts";
import { stalled } from "./stalled.ts";

const parts = [paced, burst, stalled, idle, connect];

/** The same hub on each runtime. */
export const runtimes: Scenario = {
  name: "runtimes",
  title: "the hub on Deno, Node and Bun, beside nchan, in the scenarios named; what each counts",
  servers: ["hub", "node22", "node24", "bun", "nchan"],
  maxRuns: 1,
  async run(bench, server) {
    const rows: Row[] = [];
    for (const { name, run } of parts) {
      for (const row of await run(bench, server)) {
        const variant = [name, row.variant].filter((word) => word !== undefined).join(", ");
        rows.push({ ...row, variant });
      }
    }
    return rows;
  },
  targets: (find) => [
    {
      text: "paced: CPU per delivery, bun ÷ nchan",
      value: find("bun", "paced").cpuUs! / find("nchan", "paced").cpuUs!,
      relation: "≤",
      limit: 0.85,
    },
    {
      text: "paced: CPU per delivery, node24 ÷ Deno",
      value: find("node24", "paced").cpuUs! / find("hub", "paced").cpuUs!,
      relation: "≤",
      limit: 1.2,
    },
    {
      text: "idle: kB of memory for a connection, bun",
      value: find("bun", "idle").more?.["kB each"] ?? NaN,
      relation: "≤",
      limit: 12,
    },
  ],
};
