/**
 * The type of a publish request's body: what is accepted, and what to send in place of what is not.
 *
 * @module
 */

import { refuse } from "./refusal.ts";

/** What a body may be. */
export type PublishType = WholeType | StreamedType;

/** A body that is read to its end before its events are published. */
export type WholeType = "text/plain" | "application/json";

/** A body whose events are published as they arrive. */
export type StreamedType = "application/x-ndjson" | "text/event-stream";

/** Whether a `Content-Type` is one of a body whose events are published as they arrive. */
export function isStreamed(type: string | null): boolean {
  return type !== null && STREAMED.test(type);
}

const STREAMED = /^(?:application\/x-ndjson|text\/event-stream)(?![^;\s])/i;

/** Reads the type of a body, or refuses the body with a 415 that says what came and what to send. */
export function readPublishType(headers: Headers): PublishType | Response {
  const coding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (coding !== "identity") {
    return refuse(
      "content_coding",
      `The body came with Content-Encoding ${quote(coding)}: send it without a content coding`,
      { "accept-encoding": "identity" },
    );
  }
  const header = headers.get("content-type") ?? "";
  const [, type = "", parameters = ""] = /^([^;\s]*)[ \t]*(.*)$/s.exec(header) ?? [];
  const name = type.toLowerCase();
  const isKnown = isPublishType(name);
  if (isKnown && isUtf8(parameters)) return name;
  const remedy = isKnown
    ? `The body came as ${quote(header)}: send UTF-8, and no other parameter than charset=utf-8`
    : REMEDIES.get(name) ?? `The body came as ${quote(header)}: ${TYPES}`;
  return refuse("content_type", remedy, { accept: [...PUBLISH_TYPES].join(", ") });
}

const PUBLISH_TYPES: ReadonlySet<string> = new Set(
  [
    "text/plain",
    "application/json",
    "application/x-ndjson",
    "text/event-stream",
  ] satisfies PublishType[],
);

function isPublishType(name: string): name is PublishType {
  return PUBLISH_TYPES.has(name);
}

const TYPES =
  "send text with Content-Type: text/plain, or an event's fields with Content-Type: application/json";

/** What to change for the types that programs send by themselves. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["", `The body came without a Content-Type: ${TYPES}`],
  [
    "application/x-www-form-urlencoded",
    "The body came as application/x-www-form-urlencoded, which curl -d sends by itself: add " +
    "-H 'Content-Type: text/plain' or, for an event's fields, -H 'Content-Type: application/json'",
  ],
  [
    "multipart/form-data",
    "The body came as multipart/form-data, which curl -F sends: use --data-binary in place of -F, " +
    "with -H 'Content-Type: text/plain'",
  ],
  ...["application/ndjson", "application/jsonl", "application/jsonlines", "application/x-jsonlines"]
    .map(
      (type): [string, string] => [
        type,
        `The body came as ${type}: send the same with Content-Type: application/x-ndjson`,
      ],
    ),
]);

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

// RFC 9110, section 5.6.6: a semicolon, then nothing or a name and a value that may be quoted.
const PARAMETER =
  /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*/y;

// https://encoding.spec.whatwg.org/#names-and-labels
const UTF8_LABELS: ReadonlySet<string> = new Set([
  "unicode-1-1-utf-8",
  "unicode11utf8",
  "unicode20utf8",
  "utf-8",
  "utf8",
  "x-unicode20utf8",
]);

/** Whether a content type's parameters are well formed and name no other charset than UTF-8. */
function isUtf8(parameters: string): boolean {
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < parameters.length) {
    const [match, name = "", token, quoted = ""] = PARAMETER.exec(parameters) ?? [];
    if (match === undefined) return false;
    const value = token ?? quoted.replace(/\\(.)/g, "$1");
    if (name.toLowerCase() === "charset" && !UTF8_LABELS.has(value.toLowerCase())) return false;
  }
  return true;
}
