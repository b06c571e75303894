import type { Scenario } from "../scenario.ts";

const kinds = ["short", "long", "many lines"];

/** The cost of making an event's text. */
export const encode: Scenario = {
  name: "encode",
  title: "an event made into text: 20 bytes, 8 kB, 100 lines of 40; events",
  servers: ["hub", "better_sse", "hono"],
  async run(bench, server) {
    await using encoder = await bench.startFile("encoders.ts", 0);
    const answers = await Promise.all(kinds.map((kind) => encoder.ask("encode", { server, kind })));
    return answers.map(({ events, tookMs }, i) => ({
      server,
      variant: kinds[i]!,
      perSecond: events / tookMs * 1_000,
    }));
  },
  targets: (find) =>
    kinds.flatMap((kind) =>
      (["better_sse", "hono"] as const).map((other) => ({
        text: `${kind}: events/s, hub ÷ ${other}`,
        value: find("hub", kind).perSecond! / find(other, kind).perSecond!,
        relation: "≥" as const,
        limit: 2,
      }))
    ),
};
