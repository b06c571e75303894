/**
 * `GET /connections`: the open event streams of this instance, in pages; and `GET /connections/<id>`.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import { type SubscriberInfo, subscriberOrders } from "../hub/stats.ts";
import { searchParams } from "../wire/search_params.ts";
import type { ClientDetails } from "./client_details.ts";
import type { Connections } from "./connections.ts";
import type { OpenConnection } from "./own_connections.ts";
import { type FilterNames, filterOf } from "./connection_filter.ts";
import { jsonAnswer } from "./json_answer.ts";
import { readListParameters } from "./list_parameters.ts";

/** An open event stream as an operator sees it. */
export interface ConnectionRow {
  /** The id, for `/connections/<id>`. */
  readonly id: string;
  /** The client's address. */
  readonly address: string;
  /** The claim `sub` of the client's JSON Web Token; `null` without one. */
  readonly subject: string | null;
  /** The claim `jti` of the token; `null` without one. */
  readonly tokenId: string | null;
  /** The header `User-Agent`, at most 256 characters. */
  readonly userAgent: string | null;
  /** The header `Origin`, at most 256 characters. */
  readonly origin: string | null;
  /** The names of the streams; empty for a per-connection stream. */
  readonly streams: readonly string[];
  /** When the connection was opened, as text (ISO 8601). */
  readonly since: string;
  /** The id through which the client was sent everything; `null` for a per-connection stream. */
  readonly lastId: string | null;
  /** Events handed to the runtime; `null` for a per-connection stream. */
  readonly events: number | null;
  /** Bytes handed to the runtime; `null` for a per-connection stream. */
  readonly bytes: number | null;
  /** How many of the hub's events the client is behind. */
  readonly behind: number;
}

/** Where connections are found. */
export interface ConnectionSource {
  readonly hub: BroadcastHub;
  readonly connections: Connections;
}

/** Which page of the connections to find. */
export interface ConnectionQuery {
  /** The id of the last connection of the page before; `""` for the first page. */
  readonly after: string;
  /** The most rows. */
  readonly limit: number;
  /** A text that the address, subject, user agent, origin or a stream has; `""` for all connections. */
  readonly search?: string;
  /** Which connections are meant. */
  readonly filter?: FilterNames;
}

/** A page of connections. */
export interface ConnectionPage {
  readonly connections: readonly ConnectionRow[];
  /** The `after` of the next page; `null` on the last page. */
  readonly next: string | null;
}

/**
 * Lists connections as `{"connections":[…],"next":…}`, at most `?limit=` (1 to 1 000, default 100), in
 * the order in which they were opened, per-connection streams last. `?address=`, `?subject=`, `?token=`
 * and `?stream=` choose, and `?search=` finds a text. A search looks at 2 000 connections at once, so a
 * page may be short although it has a `next`. With another `?sort=` than the age, the list has the
 * subscribers of the hub alone, `?search=` looks at the first 2 000, and `?offset=` makes pages.
 */
export function listConnections(source: ConnectionSource, request: Request): Response {
  const query = searchParams(request);
  const parameters = readListParameters(query, subscriberOrders);
  if (parameters instanceof Response) return parameters;
  const { limit, offset, sort } = parameters;
  const filter = filterOf(query);
  const search = query.get("search") ?? "";
  if (sort !== "age") {
    const range = search === "" ? { offset, limit: limit + 1 } : { limit: MAX_SEARCHED };
    const infos = source.hub.subscribers({ ...filter, sort, ...range });
    const found = search === ""
      ? infos
      : infos.filter((info) => hasText(textsOf(info), search)).slice(offset, offset + limit + 1);
    const connections = found.slice(0, limit).map(hubRow);
    const next = found.length > limit ? offset + limit : null;
    return jsonAnswer({ connections, next });
  }
  const after = query.get("after") ?? "";
  const page = findConnections(source, { after, limit, search, filter });
  return jsonAnswer(page);
}

/** Finds a page of connections. */
export function findConnections(source: ConnectionSource, query: ConnectionQuery): ConnectionPage {
  const { after, limit, search = "", filter = {} } = query;
  const rows: ConnectionRow[] = [];
  let last = after;
  let left = MAX_SEARCHED;
  for (const candidate of candidatesAfter(source, after, filter)) {
    if (rows.length === limit || left === 0) return { connections: rows, next: last };
    last = candidate.id;
    left--;
    if (hasText(candidate.texts, search)) rows.push(candidate.describe());
  }
  return { connections: rows, next: null };
}

/** Describes one connection; `undefined` if it is not open here. */
export function findConnection(
  { hub, connections }: ConnectionSource,
  id: string,
): ConnectionRow | undefined {
  const [info] = hub.subscribers({ id });
  if (info) return hubRow(info);
  const own = connections.own.find(id);
  return own && ownRow(own);
}

/** A connection that a search looks at. Only those that it finds are described. */
interface Candidate {
  readonly id: string;
  /** The texts that are searched. */
  readonly texts: readonly (string | null | undefined)[];
  readonly describe: () => ConnectionRow;
}

/** Iterates over the connections after an id; hub subscribers come before per-connection streams. */
function* candidatesAfter(
  { hub, connections }: ConnectionSource,
  after: string,
  filter: FilterNames,
): Generator<Candidate, void> {
  let last = after;
  while (!connections.own.isOwnId(last)) {
    const page = hub.subscribers({ ...filter, after: last, limit: PAGE });
    for (const info of page) {
      yield { id: info.id, texts: textsOf(info), describe: () => hubRow(info) };
    }
    if (page.length < PAGE) break;
    last = page.at(-1)!.id;
  }
  for (const own of connections.own.after(after, filter)) {
    const { client: { address, subject }, details: { userAgent, origin } } = own;
    const texts = [address, subject, userAgent, origin];
    yield { id: own.id, texts, describe: () => ownRow(own) };
  }
}

function hubRow(info: SubscriberInfo): ConnectionRow {
  const { id, streams, client, ageMs, events, bytes, lastId, behind } = info;
  const { userAgent = null, origin = null } = (info.context ?? {}) as Partial<ClientDetails>;
  return {
    id,
    address: client.address ?? "unknown",
    subject: client.subject ?? null,
    tokenId: client.tokenId ?? null,
    userAgent,
    origin,
    streams,
    since: sinceText(ageMs),
    lastId,
    events,
    bytes,
    behind,
  };
}

function ownRow({ id, client, details, openedMs }: OpenConnection): ConnectionRow {
  const { userAgent, origin } = details;
  return {
    id,
    address: client.address ?? "unknown",
    subject: client.subject ?? null,
    tokenId: client.tokenId ?? null,
    userAgent,
    origin,
    streams: [],
    since: sinceText(performance.now() - openedMs),
    lastId: null,
    events: null,
    bytes: null,
    behind: 0,
  };
}

function sinceText(ageMs: number): string {
  return new Date(Date.now() - ageMs).toISOString();
}

function textsOf({ client, context, streams }: SubscriberInfo): Candidate["texts"] {
  const { userAgent, origin } = (context ?? {}) as Partial<ClientDetails>;
  return [client.address, client.subject, userAgent, origin, ...streams];
}

function hasText(texts: Candidate["texts"], search: string): boolean {
  const wanted = search.toLowerCase();
  return search === "" || texts.some((text) => text?.toLowerCase().includes(wanted));
}

const MAX_SEARCHED = 2_000;
const PAGE = 500;
