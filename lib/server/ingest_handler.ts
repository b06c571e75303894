/**
 * `POST /sse` with a streamed body, which is published while it arrives: `application/x-ndjson` and
 * `text/event-stream`.
 *
 * @module
 */

import { EventStreamDecoder } from "../hub/event_stream_decoder.ts";
import { Ingest, SilenceError } from "../hub/ingest.ts";
import { breakOff, checkAbort, type SourceEnd } from "../hub/pipe.ts";
import type { PublishQueue } from "../hub/publish_queue.ts";
import { searchParams } from "../wire/search_params.ts";
import { isStreamName, STREAM_NAMES } from "../wire/stream_name.ts";
import { HubError } from "../hub/hub_error.ts";
import type { Grant } from "./authorize.ts";
import { addressBlock } from "./ip_address.ts";
import { jsonAnswer } from "./json_answer.ts";
import { NdjsonDecoder } from "./ndjson_decoder.ts";
import {
  CLOCK_REFUSAL,
  type PublishContext,
  refuseByHub,
  refuseStopping,
} from "./publish_handler.ts";
import { type PublishType, readPublishType } from "./publish_type.ts";
import { changeProblem, refuse } from "./refusal.ts";
import { RefusedError } from "./refused_error.ts";
import type { RequestInfo } from "./router.ts";
import { refuseUnserved } from "./served_streams.ts";
import { refuseWrongParameter } from "./stream_parameter.ts";
import { TIME_STREAM } from "./time_stream.ts";

/** A streamed publish whose rights and parameters are checked. */
interface Wanted extends SourceEnd {
  readonly type: PublishType;
  /** The stream of all events; left out if each line names its own. */
  readonly stream: string | undefined;
  readonly grant: Grant;
}

/**
 * Publishes the events of a streamed body, and answers at its end how many they were. Events before a
 * fault stay published; the refusal says how many, and which line has the fault.
 */
export async function ingest(
  request: Request,
  info: RequestInfo,
  context: PublishContext,
): Promise<Response> {
  const type = readPublishType(request.headers);
  if (type instanceof Response) return type;
  const wanted = await readWanted(request, context, type);
  if (wanted instanceof Response) return wanted;
  if (context.isStopping()) return refuseStopping(context.refusedPublishers);
  const ingest = openIngest(request, info, context, wanted);
  const { queue, reader } = ingest;
  const stop = () => ingest.stop(new RefusedError(refuseStopping(context.refusedPublishers)));
  context.ingests.add(stop);
  try {
    await ingest.run();
    if (wanted.end) await context.hub.end(wanted.stream!);
  } catch (error) {
    const { refusal, line } = describe(error, queue, context);
    if (isBreak(refusal) && wanted.stream) await breakOff(context.hub, wanted.stream, wanted);
    reader.release();
    return await withFigures(refusal, queue, type === NDJSON ? line : undefined);
  } finally {
    context.ingests.delete(stop);
  }
  const { id, events } = queue;
  return jsonAnswer({ id, events });
}

const NDJSON: PublishType = "application/x-ndjson";

/** Reads what a request wants, if it may. */
async function readWanted(
  request: Request,
  { authorize, config }: PublishContext,
  type: PublishType,
): Promise<Wanted | Response> {
  const query = searchParams(request);
  const streams = query.getAll("stream");
  const grant = await authorize(request, "publish", streams);
  if (grant instanceof Response) return grant;
  const wrong = refuseWrongParameter(query) ?? refuseStreams(streams, type) ??
    refuseUnserved(streams, config);
  if (wrong) return wrong;
  const [stream] = streams;
  const end = query.get("end") ?? "false";
  const abort = query.get("abort") ?? undefined;
  if (end !== "true" && end !== "false") return refuse("parameter", WRONG_END);
  if (!stream && (end === "true" || abort !== undefined)) return refuse("parameter", NO_END);
  if (!isAbort(abort)) return refuse("parameter", WRONG_ABORT);
  const isEnding = end === "true" || (abort !== undefined && abort !== "keep");
  if (stream === TIME_STREAM && isEnding) return refuse("clock", CLOCK_REFUSAL);
  return { type, stream, grant, end: end === "true", ...abort !== undefined && { abort } };
}

/** An event stream has one stream; the lines of NDJSON may also name theirs. */
function refuseStreams(streams: readonly string[], type: PublishType): Response | undefined {
  const [stream] = streams;
  if (stream === undefined) return type === NDJSON ? undefined : refuse("parameter", NAME_ONE);
  if (streams.length > 1) return refuse("parameter", NAME_ONE);
  return isStreamName(stream)
    ? undefined
    : refuse("stream_name", `A stream name must be ${STREAM_NAMES}`);
}

function isAbort(abort: string | undefined): boolean {
  try {
    checkAbort(abort);
    return true;
  } catch {
    // The error's message is for callers of the library.
    return false;
  }
}

function openIngest(
  request: Request,
  info: RequestInfo,
  context: PublishContext,
  { type, stream, grant }: Wanted,
): Ingest {
  const { config, hub, addressOf, publishRate, authorize } = context;
  const { maxEventBytes } = config;
  const { expiresAtMs = Infinity } = grant;
  const block = addressBlock(addressOf(request, info));
  return new Ingest(request.body ?? new Blob().stream(), {
    publish(stream, events) {
      if (Date.now() >= expiresAtMs) throw new RefusedError(refuse("expired_token", EXPIRED));
      return hub.publish(stream, events);
    },
    async onStream(name) {
      if (stream !== undefined) return;
      const grant = await authorize(request, "publish", [name]);
      const refusal = grant instanceof Response ? grant : refuseUnserved([name], config);
      if (refusal) throw new RefusedError(refusal);
    },
    decode: (queue) =>
      type === NDJSON
        ? new NdjsonDecoder(queue, { stream, maxEventBytes })
        : new EventStreamDecoder(queue, stream!, maxEventBytes),
    idleMs: config.ingestIdleSeconds * 1_000,
    stallMs: config.stallSeconds * 1_000,
    pace(events) {
      publishRate.owe(block, events);
      return publishRate.waitMs(block);
    },
  });
}

/** Finds the refusal for what ended an ingest, and the line that it is about. */
function describe(
  error: unknown,
  { failedLine }: PublishQueue,
  { config, refusedPublishers }: PublishContext,
): { readonly refusal: Response; readonly line: number | undefined } {
  const { stallSeconds, ingestIdleSeconds, maxEventBytes } = config;
  if (error instanceof RefusedError) {
    return { refusal: error.response, line: error.line ?? failedLine };
  }
  if (error instanceof HubError || failedLine !== undefined) {
    return { refusal: refuseByHub(error, refusedPublishers), line: failedLine };
  }
  if (error instanceof SilenceError) {
    const detail = error.isWithinEvent
      ? `No byte came within an event for ${stallSeconds} s (STALL_SECONDS)`
      : `No byte came for ${ingestIdleSeconds} s (INGEST_IDLE_SECONDS): send a line break now and then`;
    return { refusal: refuse("silence", detail, { connection: "close" }), line: undefined };
  }
  // The parser of event streams throws it.
  const refusal = error instanceof RangeError
    ? refuse("size", `An event may have at most ${maxEventBytes} bytes (MAX_EVENT_BYTES)`)
    : refuse("body", "The body broke off");
  return { refusal, line: undefined };
}

/** Whether the source is at fault, and a publisher won't go on with the same after a while. */
function isBreak({ status }: Response): boolean {
  return status !== 401 && status !== 403 && status !== 503;
}

/** Adds to a refusal how many events are published, and which line has the fault. */
function withFigures(
  refusal: Response,
  { events, id }: PublishQueue,
  line: number | undefined,
): Promise<Response> {
  const place = line === undefined ? "" : `At line ${line}: `;
  const published = events === 1 ? "1 event is published" : `${events} events are published`;
  const describe = (detail: string) => `${place}${detail}; ${published}`;
  return changeProblem(refusal, describe, { events, id, ...line !== undefined && { line } });
}

const NAME_ONE = "Name one stream with ?stream=<name>, as in POST /sse?stream=news";
const WRONG_END = "The parameter end must be true or false";
const WRONG_ABORT =
  "The parameter abort must be end, keep, or the type of an event to publish, which no control event has";
const NO_END = "The parameters end and abort need a stream: name one with ?stream=<name>";
const EXPIRED = "The token has expired; send the rest with a new one";
