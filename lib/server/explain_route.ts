/**
 * `GET /explain` says why a client did not get an event, also a client that was refused; `GET /refusals`
 * lists who was refused.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import type { ClientExplanation, Explanation } from "../hub/explain.ts";
import type { SubscriberFilter } from "../hub/subscriber_filter.ts";
import { searchParams } from "../wire/search_params.ts";
import { coversStream } from "../wire/stream_name.ts";
import type { AppParts } from "./app_parts.ts";
import { type ClientDetails, mayRead } from "./client_details.ts";
import { filterOf, filterParameters } from "./connection_filter.ts";
import { jsonAnswer } from "./json_answer.ts";
import { readListParameters } from "./list_parameters.ts";
import { refuse } from "./refusal.ts";
import type { RefusalTrace, RefusalTraces } from "./refusal_traces.ts";
import type { Route } from "./router.ts";

/** What the routes need. */
export type ExplainContext = Pick<AppParts, "hub" | "authorize" | "refusalTraces">;

/** Makes the routes. Both need the action `admin`, since they name people. */
export function explainRoutes(context: ExplainContext): readonly [string, Route][] {
  const reading = (answer: (request: Request) => Response | Promise<Response>): Route => ({
    async GET(request) {
      const grant = await context.authorize(request, "admin", []);
      return grant instanceof Response ? grant : answer(request);
    },
  });
  return [
    ["/explain", reading((request) => explainToOperator(request, context))],
    ["/refusals", reading((request) => listRefusals(request, context.refusalTraces))],
  ];
}

/**
 * Lists the refused requests of the last hour as `{"refusals":[…],"next":…}`, the latest first, or with
 * `?sort=count` the most frequent first. `?address=`, `?subject=`, `?token=` and `?stream=` choose, and
 * `?search=` finds a text; `?offset=` and `?limit=` make pages.
 */
function listRefusals(request: Request, traces: RefusalTraces): Response {
  const query = searchParams(request);
  const parameters = readListParameters(query, ["last", "count"]);
  if (parameters instanceof Response) return parameters;
  const { limit, offset, sort } = parameters;
  const found = traces.list({ filter: filterOf(query), search: query.get("search") ?? "" });
  const sorted = sort === "last" ? found : found.toSorted((a, b) => b.count - a.count);
  const refusals = sorted.slice(offset, offset + limit).map(refusalRow);
  const next = sorted.length > offset + limit ? offset + limit : null;
  return jsonAnswer({ refusals, next });
}

function refusalRow({ firstMs, lastMs, ...trace }: RefusalTrace) {
  const [first, last] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString());
  return { ...trace, first, last };
}

async function explainToOperator(
  request: Request,
  { hub, refusalTraces }: ExplainContext,
): Promise<Response> {
  const query = searchParams(request);
  const event = query.get("event");
  const connection = query.get("connection");
  const filter: SubscriberFilter = {
    ...filterOf(query),
    ...connection !== null && { id: connection },
  };
  if (event === null || Object.keys(filter).length === 0) {
    const names = ["connection", ...Object.keys(filterParameters)].join(", ");
    return refuse("parameter", `Name the event and the client: event, and one of ${names}`);
  }
  const { connections, ...place } = await hub.explainClient(filter, event);
  const explanations = connections.map((explanation) => withRights(explanation, hub));
  // A refused client had no connection.
  const refusals = filter.id === undefined ? refusalsOf(refusalTraces, filter, place) : [];
  return jsonAnswer({
    ...conclude(explanations, refusals),
    ...place,
    connections: explanations,
    refusals: refusals.slice(0, MAX_REFUSALS).map(refusalRow),
  });
}

const MAX_REFUSALS = 20;

/** An event of a stream that an open connection may not read is not authorized, instead of another's. */
export function withRights(explanation: Explanation, hub: BroadcastHub): Explanation {
  const { outcome, stream, trace } = explanation;
  if (outcome !== "other_stream" || stream === undefined) return explanation;
  const [info] = hub.subscribers({ id: trace.id });
  const details = info?.context as ClientDetails | undefined;
  if (!details || mayRead(details, stream)) return explanation;
  const name = JSON.stringify(stream);
  const detail = `The event is of the stream ${name}, which the client's token does not cover`;
  return { ...explanation, outcome: "unauthorized", detail };
}

type Place = Omit<ClientExplanation, "connections">;

/** The refused requests of a client for event streams that could have brought an event. */
function refusalsOf(
  traces: RefusalTraces,
  filter: SubscriberFilter,
  { stream }: Place,
): readonly RefusalTrace[] {
  return traces.list({ filter }).filter(({ method, path, reason, streams }) => {
    if (method !== "GET") return false;
    // A client with a wrong path may have meant any stream.
    if (streams.length === 0) return path === "/sse" || reason === "path";
    return stream === undefined || streams.some((asked) => coversStream(asked, stream));
  });
}

interface Conclusion {
  readonly outcome: Explanation["outcome"] | "refused";
  readonly detail: string;
}

/** The outcomes of several connections, the one that says most about the event first. */
const RANKS: readonly Explanation["outcome"][] = [
  "sent",
  "waiting",
  "skipped",
  "filtered",
  "gap",
  "unauthorized",
  "before",
  "after",
  "other_stream",
  "unpublished",
  "unknown",
];

/** Says in one sentence what became of the event for the client. */
function conclude(
  explanations: readonly Explanation[],
  refusals: readonly RefusalTrace[],
): Conclusion {
  const rankOf = ({ outcome }: Explanation) => RANKS.indexOf(outcome);
  const [best] = explanations.toSorted((a, b) => rankOf(a) - rankOf(b));
  const [refusal] = refusals;
  if (!best && !refusal) return { outcome: "unknown", detail: NOTHING_KNOWN };
  if (!refusal || best && !isAnsweredBy(refusal, best, explanations)) {
    return { outcome: best!.outcome, detail: best!.detail };
  }
  const outcome = refusal.status === 401 || refusal.status === 403 ? "unauthorized" : "refused";
  return { outcome, detail: refusalText(refusal) };
}

/** Whether a client lacks the event because it was refused, and not for what its connections tell. */
function isAnsweredBy(
  { lastMs }: RefusalTrace,
  { outcome }: Explanation,
  explanations: readonly Explanation[],
): boolean {
  return outcome === "other_stream" || outcome === "after" && lastMs >= endOf(explanations);
}

/** When the newest connection ended, in milliseconds since 1970; `Infinity` while one is open. */
function endOf(explanations: readonly Explanation[]): number {
  const ends = explanations.map(({ trace }) => {
    const { what, timeMs } = trace.decisions.at(-1)!;
    return what === "ended" ? timeMs : Infinity;
  });
  return Math.max(...ends);
}

function refusalText({ status, reason, detail, count, firstMs, lastMs }: RefusalTrace): string {
  const [first, last] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString());
  const often = count > 1 ? `, ${count} times since ${first}` : "";
  const answer = status >= 400
    ? `refused with ${status}`
    : reason === "ended"
    ? "told that the streams have ended"
    : "asked to reconnect later";
  const told = detail === null ? "" : `: ${detail}`;
  return `The client was ${answer} at ${last}${often} (${reason})${told}`;
}

const NOTHING_KNOWN =
  "Nothing is known of this client here: it has no open connection, and none ended or was refused within " +
  "the last hour. Other instances know their own clients; a proxy in front may have refused it";
