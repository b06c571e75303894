import { signHs256 } from "../../server/jwt_support.ts";
import { type Bench, settle } from "../bench.ts";
import type { Row, Scenario, ServerName } from "../scenario.ts";
import { placeOf } from "./log.ts";

const TOKEN = "the-token-of-the-bench";
const JWT_KEY = "a secret of the bench with more than 32 bytes";
// The engine optimizes code by how often it ran: after 60 000 publishes, one costs half of the first.
const WARM_UP = { most: 60_000, seconds: 6 };
const MEASURED = { most: 40_000, seconds: 4 };
const EVENT = "x".repeat(100);

/** What is sent in one request. */
export interface Body {
  readonly type: string;
  readonly data: string;
  readonly events: number;
}

const TEXT: Body = { type: "text/plain", data: EVENT, events: 1 };
const JSON_TYPE = "application/json";
const OBJECT: Body = { type: JSON_TYPE, data: JSON.stringify({ data: EVENT }), events: 1 };
const LIST = list(1_000);
const KV_LIST = list(400);
const LINES: Body = {
  type: "application/x-ndjson",
  data: `${JSON.stringify({ data: EVENT })}\n`.repeat(1_000),
  events: 1_000,
};

/** A case: what is sent, with which credential, to which log, and to how many subscribers. */
export interface PublishCase {
  readonly variant: string;
  readonly body: Body;
  readonly credential?: "open" | "JWT";
  readonly log?: "kv" | "redis";
  readonly subscribers?: number;
  readonly workers?: number;
}

/** The cases for the whole server. */
export const CASES: readonly PublishCase[] = [
  { variant: "text, token", body: TEXT },
  { variant: "text, token, one by one", body: TEXT, workers: 1 },
  { variant: "text, open", body: TEXT, credential: "open" },
  { variant: "text, JWT", body: TEXT, credential: "JWT" },
  { variant: "text, token, 1 subscriber", body: TEXT, subscribers: 1 },
  { variant: "JSON, token", body: OBJECT },
  { variant: "list of 1 000, token", body: LIST },
  { variant: "NDJSON of 1 000, token", body: LINES },
  { variant: "text, token, kv", body: TEXT, log: "kv" },
  { variant: "list of 400, token, kv", body: KV_LIST, log: "kv" },
  { variant: "NDJSON of 1 000, token, kv", body: LINES, log: "kv" },
  { variant: "text, token, redis", body: TEXT, log: "redis" },
  { variant: "list of 1 000, token, redis", body: LIST, log: "redis" },
  { variant: "NDJSON of 1 000, token, redis", body: LINES, log: "redis" },
];

const BARE_CASES: readonly PublishCase[] = [
  { variant: "text", body: TEXT },
  { variant: "list of 1 000", body: LIST },
];

/** The cases for nchan. */
export const NCHAN_CASES: readonly PublishCase[] = [
  { variant: "text", body: TEXT },
  { variant: "text, 1 subscriber", body: TEXT, subscribers: 1 },
];

/** How fast events come in over HTTP. */
export const publish: Scenario = {
  name: "publish",
  title:
    "16 publishers on kept connections, or one, a POST each after the other, of one event of 100 bytes " +
    "or of several; `bare` only reads the body and answers with JSON; events",
  servers: ["bare", "main", "nchan"],
  async run(bench, server) {
    const cases = server === "main" ? CASES : server === "bare" ? BARE_CASES : NCHAN_CASES;
    const rows: Row[] = [];
    for (const each of cases) {
      try {
        rows.push(await measure(bench, server, each));
      } catch (error) {
        rows.push({ server, variant: each.variant, remark: (error as Error).message });
      }
    }
    return rows;
  },
  targets: (find) => [
    {
      text: "text with a token: CPU, main ÷ bare",
      value: find("main", "text, token").cpuUs! / find("bare", "text").cpuUs!,
      relation: "≤",
      limit: 3,
    },
    {
      text: "text: CPU, a JWT ÷ the token",
      value: find("main", "text, JWT").cpuUs! / find("main", "text, token").cpuUs!,
      relation: "≤",
      limit: 1.2,
    },
    {
      text: "lists of 1 000: events/s",
      value: find("main", "list of 1 000, token").perSecond!,
      relation: "≥",
      limit: 200_000,
    },
    {
      text: "NDJSON: events/s",
      value: find("main", "NDJSON of 1 000, token").perSecond!,
      relation: "≥",
      limit: 300_000,
    },
  ],
};

function list(events: number): Body {
  const data = JSON.stringify(Array.from({ length: events }, () => ({ data: EVENT })));
  return { type: JSON_TYPE, data, events };
}

/** Measures a case. For a runtime, `env` names the server. */
export async function measure(
  bench: Bench,
  server: ServerName,
  { variant, body, credential, log, subscribers = 0, workers = 16 }: PublishCase,
  env: Record<string, string> = {},
): Promise<Row> {
  await using redis = log === "redis" ? await bench.startFile("servers/redis.ts", 1) : undefined;
  await using pair = await bench.start(server, {
    ...env,
    PUBLISH_TOKEN: TOKEN,
    JWT_KEY,
    ...credential === "open" && { BENCH_OPEN: "" },
    ...log && { BENCH_LOG: log, BENCH_LOG_AT: placeOf(log, redis?.first["url"]) },
  });
  if (subscribers > 0) await pair.open(subscribers);
  const request = {
    port: pair.port,
    path: server === "nchan" ? "/publish?stream=s0" : "/sse?stream=s0",
    headers: credential === "open" ? "" : `Authorization: Bearer ${await tokenOf(credential)}\r\n`,
    ...body,
    workers,
  };
  await pair.load.ask("post", { ...request, ...limit(WARM_UP, body) });
  await settle();
  const cpuUs = await pair.server.cpuUs();
  const { posts, tookMs } = await pair.load.ask("post", { ...request, ...limit(MEASURED, body) });
  const events = posts * body.events;
  return {
    server,
    variant,
    perSecond: events / tookMs * 1_000,
    cpuUs: (await pair.server.cpuUs() - cpuUs) / events,
    rssBytes: await pair.server.rssBytes(),
  };
}

/** A list takes the time of many texts. */
function limit({ most, seconds }: typeof WARM_UP, { events }: Body) {
  return { most: events > 1 ? most / 20 : most, seconds };
}

async function tokenOf(credential: PublishCase["credential"]): Promise<string> {
  if (credential !== "JWT") return TOKEN;
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  return await signHs256({ exp, sse: { publish: ["*"] } }, JWT_KEY);
}
