import type { Scenario } from "../scenario.ts";

const NAMES = {
  publishName: "publish, 100 of one name",
  publishAll: "publish, 100 of *",
  publishFolder: "publish, 100 of a/*",
  resumeName: "resume, 100 events of one stream",
  resumeAll: "resume, 100 changed streams of *",
  snapshot: "snapshot of 10 000 streams",
};

/** What patterns cost a hub with many streams, beside names. */
export const patterns: Scenario = {
  name: "patterns",
  title:
    "10 000 streams in one hub, read without sockets: a publish of 100 bytes in a turn of its own " +
    "to 100 subscribers, a client that resumes with 100 events, a newcomer with since=1; times",
  servers: ["hub"],
  async run(bench, server) {
    await using hub = await bench.startFile("hub_patterns.ts", 0);
    const rows = [];
    for (const variant of Object.values(NAMES)) {
      const { us } = await hub.ask("measure", { kind: variant });
      rows.push({ server, variant, perSecond: 1_000_000 / us, more: { "µs each": us } });
    }
    return rows;
  },
  targets(find) {
    const us = (variant: string) => find("hub", variant).more!["µs each"]!;
    const { publishName, publishAll, publishFolder, resumeName, resumeAll } = NAMES;
    return [
      [publishAll, publishName, 1.3] as const,
      [publishFolder, publishName, 1.3] as const,
      [resumeAll, resumeName, 2] as const,
    ].map(([variant, other, limit]) => ({
      text: `µs, ${variant} ÷ ${other}`,
      value: us(variant) / us(other),
      relation: "≤" as const,
      limit,
    }));
  },
};
