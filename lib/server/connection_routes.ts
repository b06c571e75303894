/**
 * `/connections`: lists, shows, explains and ends the open event streams.
 *
 * @module
 */

import { HubError } from "../hub/hub_error.ts";
import { describeRule, parseWhole } from "../wire/number_option.ts";
import { searchParams } from "../wire/search_params.ts";
import type { AppParts } from "./app_parts.ts";
import { filterOf, filterParameters } from "./connection_filter.ts";
import { findConnection, listConnections } from "./connection_list.ts";
import { withRights } from "./explain_route.ts";
import { jsonAnswer } from "./json_answer.ts";
import { refuse } from "./refusal.ts";
import { type Handler, nameBelow, rawPath, type Route } from "./router.ts";

/** What the routes need. */
export type ConnectionContext = Pick<AppParts, "hub" | "connections" | "authorize" | "isLogShared">;

/**
 * Makes the routes. Reading needs the action `admin`, since the lists name people; ending needs
 * `disconnect`.
 */
export function connectionRoutes(context: ConnectionContext): readonly [string, Route][] {
  return [
    ["/connections", {
      GET: reading(context, (request) => listConnections(context, request)),
      DELETE: ending(context, (request) => endMany(request, context)),
    }],
    ["/connections/*", {
      GET: reading(context, (request) => show(request, context)),
      DELETE: ending(context, (request) => endOne(request, context)),
    }],
  ];
}

type Answer = (request: Request) => Response | Promise<Response>;

function reading({ authorize }: ConnectionContext, answer: Answer): Handler {
  return async (request) => {
    const grant = await authorize(request, "admin", []);
    return grant instanceof Response ? grant : answer(request);
  };
}

function ending({ authorize }: ConnectionContext, answer: Answer): Handler {
  return async (request) => {
    const grant = await authorize(request, "disconnect", []);
    if (grant instanceof Response) return grant;
    try {
      return await answer(request);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return error.code === "closed"
        ? refuse("stopping", "The server is stopping")
        : refuse("log", UNREACHABLE, { "retry-after": "5" });
    }
  };
}

/** Shows one connection, or explains with `/explain?event=<id>` what became of an event for it. */
function show(request: Request, context: ConnectionContext): Response | Promise<Response> {
  const [id = "", action, ...more] = (nameBelow(FOLDER, rawPath(request.url)) ?? "").split("/");
  if (action === "explain" && more.length === 0) return explain(id, request, context);
  if (action !== undefined) return refuse("path", PATHS);
  const row = findConnection(context, id);
  const trace = context.hub.trace(id);
  if (!row && !trace) return refuseUnknown();
  return jsonAnswer({ connection: row ?? null, trace: trace ?? null });
}

async function explain(
  id: string,
  request: Request,
  { hub, connections }: ConnectionContext,
): Promise<Response> {
  const event = searchParams(request).get("event");
  if (event === null) {
    return refuse("parameter", "Name the event: /connections/<id>/explain?event=<id of the event>");
  }
  if (connections.own.find(id)) {
    const detail = "The connection has the per-connection stream, and no stream of the hub";
    return jsonAnswer({ outcome: "other_stream", detail, trace: null });
  }
  const explanation = await hub.explain(id, event);
  return explanation ? jsonAnswer(withRights(explanation, hub)) : refuse("connection", FORGOTTEN);
}

async function endOne(request: Request, context: ConnectionContext): Promise<Response> {
  const { hub, connections } = context;
  const id = nameBelow(FOLDER, rawPath(request.url)) ?? "";
  const isOpen = findConnection(context, id) !== undefined;
  if (!isOpen && (hub.trace(id) || !context.isLogShared || connections.own.isOwnId(id))) {
    return refuseUnknown();
  }
  const ended = connections.own.disconnect({ id }) + await hub.disconnect({ id });
  // The connection may be another instance's, which hears of it within a second.
  return Response.json({ ended }, { status: isOpen ? 200 : 202, headers: NO_STORE });
}

async function endMany(
  request: Request,
  { hub, connections }: ConnectionContext,
): Promise<Response> {
  const query = searchParams(request);
  const filter = filterOf(query);
  const names = Object.keys(filterParameters);
  const isEmpty = Object.keys(filter).length === 0;
  if (isEmpty) return refuse("parameter", `Name whom to disconnect: one of ${names.join(", ")}`);
  const seconds = query.get("denySeconds");
  const deny = seconds === null ? undefined : parseWhole(seconds, DENY_SECONDS);
  if (seconds !== null && deny === undefined) {
    return refuse("parameter", `The parameter denySeconds must be ${describeRule(DENY_SECONDS)}`);
  }
  if (deny !== undefined && (Object.keys(filter).length > 1 || filter.stream !== undefined)) {
    return refuse(
      "parameter",
      "With denySeconds, name one address, subject or token, and nothing else",
    );
  }
  const own = connections.own.disconnect(filter);
  const denyUntil = deny === undefined ? undefined : Date.now() + deny * 1_000;
  const ended = own + await hub.disconnect(filter, denyUntil === undefined ? {} : { denyUntil });
  return jsonAnswer({ ended });
}

function refuseUnknown(): Response {
  return refuse(
    "connection",
    "There is no such connection here; GET /connections lists those that are",
  );
}

const FORGOTTEN =
  "The connection is not known here: it ended more than an hour ago, or it is of another instance, which " +
  "has to be asked; GET /explain?subject=<sub>&event=<id> asks by user, address or token";
const FOLDER = "/connections/";
const PATHS = "Use /connections/<id> or /connections/<id>/explain?event=<id of the event>";
const UNREACHABLE =
  "The connections of this instance were ended; the event log is unreachable, so other instances do " +
  "not know of it: send this again";
const NO_STORE = { "cache-control": "no-store" };
const DENY_SECONDS = { min: 0, max: 30 * 86_400, isWhole: true };
