import type { Pair } from "../bench.ts";
import { broadcasters, type Row, type Scenario } from "../scenario.ts";

/** The highest rate that a server keeps up with. */
export const burst: Scenario = {
  name: "burst",
  title:
    "500 subscribers, events of 100 bytes in bursts 10 ms apart, the rate doubled from 500/s " +
    "until less than 95 % arrives in time; deliveries at the highest rate of which 95 % does",
  servers: broadcasters,
  async run(bench, server) {
    await using pair = await bench.start(server);
    const { kept, prompt } = await highestRates(pair, 500, 500, bench.note);
    const rows = [{ ...kept, server }];
    return prompt ? [...rows, { ...prompt, server, variant: `p99 ≤ ${PROMPT_MS} ms` }] : rows;
  },
  targets(find) {
    const { perSecond, cpuUs, p99Ms } = find("hub", `p99 ≤ ${PROMPT_MS} ms`);
    const others = broadcasters.slice(1).map((name) => find(name).perSecond ?? 0);
    return [
      { text: "deliveries/s", value: perSecond!, relation: "≥", limit: 1_500_000 },
      { text: "CPU µs per delivery", value: cpuUs!, relation: "≤", limit: 0.8 },
      { text: "p99 ms", value: p99Ms!, relation: "≤", limit: PROMPT_MS },
      {
        text: "deliveries/s, hub ÷ the best other",
        value: find("hub").perSecond! / Math.max(...others),
        relation: "≥",
        limit: 5,
      },
    ];
  },
};

/** The highest rates that a server keeps up with, at any delay and with a short one. */
export interface HighestRates {
  /** The highest rate at which 95 % of the events arrive in time. */
  readonly kept: Row;
  /** The highest such rate with a p99 of at most {@linkcode PROMPT_MS}, if there is one. */
  readonly prompt: Row | undefined;
}

/** The highest p99 latency that counts as prompt, in milliseconds. */
export const PROMPT_MS = 60;

/** Opens subscribers, and doubles the rate from `firstRate` on while 95 % of the events arrive in time. */
export async function highestRates(
  pair: Pair,
  subscribers: number,
  firstRate: number,
  note: (text: string) => void,
): Promise<HighestRates> {
  await pair.open(subscribers);
  const pace = (rate: number) => ({
    subscribers,
    perSecond: rate,
    perTurn: Math.max(Math.round(rate / 100), 1),
    catchUp: true,
  });
  await pair.warmUp({ ...pace(firstRate), seconds: 1 });
  let kept: Row | undefined;
  let prompt: Row | undefined;
  for (let rate = firstRate;; rate *= 2) {
    const { share, ...figures } = await pair.drive({ ...pace(rate), seconds: 2 });
    const row = { ...figures, more: { "offered/s": rate, "% in time": share * 100 } };
    const { cpuUs, p99Ms } = row;
    note(`${rate}/s: ${percent(share)} in time, ${cpuUs?.toFixed(2)} µs each, p99 ${p99Ms} ms`);
    const isKept = share >= 0.95;
    if (isKept || !kept) kept = row;
    if (isKept && p99Ms! <= PROMPT_MS) prompt = row;
    if (!isKept) return { kept, prompt };
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
