import { broadcasters, type Scenario } from "../scenario.ts";

const drive = { subscribers: 500, perSecond: 100, perTurn: 1 };

/** One event at a time, as most applications publish. */
export const paced: Scenario = {
  name: "paced",
  title: "500 subscribers, 100 events/s of 100 bytes, one at a time; deliveries",
  servers: broadcasters,
  async run(bench, server) {
    await using pair = await bench.start(server);
    await pair.open(drive.subscribers);
    await pair.warmUp({ ...drive, seconds: 1.5 });
    const { share: _, ...row } = await pair.drive({ ...drive, seconds: 5 });
    return [{ ...row, server }];
  },
  targets: (find) => [
    {
      text: "CPU per delivery, hub ÷ controllers",
      value: find("hub").cpuUs! / find("controllers").cpuUs!,
      relation: "≤",
      limit: 0.85,
    },
    {
      text: "CPU per delivery, hub ÷ nchan",
      value: find("hub").cpuUs! / find("nchan").cpuUs!,
      relation: "≤",
      limit: 1,
    },
  ],
};
