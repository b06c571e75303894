/**
 * The hints in the answers to a wrong path or method: the paths that the client probably means.
 *
 * @module
 */

import { searchParams } from "../wire/search_params.ts";
import { isStreamName } from "../wire/stream_name.ts";
import { nameBelow, rawPath } from "./router.ts";

/** Says where to publish or to subscribe in place of a path that there is not. */
export function describeMissingPath(request: Request): string {
  return `Nothing is served at this path; ${describeUse(request)}`;
}

/** Says which methods a path has, and where the method of the request is probably meant to go. */
export function describeWrongMethod(request: Request, allow: string): string {
  const { method, url } = request;
  if (rawPath(url).replace(/\/$/, "") === "/sse") {
    return `Use GET to subscribe, POST to publish, or DELETE to end a stream (allowed: ${allow})`;
  }
  return PUBLISHING.has(method) ? `Use ${allow}; ${describeUse(request)}` : `Use ${allow}`;
}

function describeUse(request: Request): string {
  const url = `/sse?stream=${streamOf(request) ?? "<name>"}`;
  if (request.method === "DELETE") return `end a stream with DELETE ${url}`;
  if (PUBLISHING.has(request.method)) return `publish with POST ${url}`;
  return `subscribe with GET ${url}, publish with POST`;
}

const PUBLISHING: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** The stream of `?stream=<name>` or of `/sse/<name>`, if a stream can have that name. */
function streamOf({ url }: Request): string | undefined {
  const path = rawPath(url);
  const names = [
    searchParams({ url }).get("stream"),
    path.startsWith("/sse/") ? nameBelow("/sse/", path) : undefined,
  ];
  return names.find((name) => typeof name === "string" && isStreamName(name)) ?? undefined;
}
