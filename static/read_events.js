/**
 * Event streams into events, of every type: an EventSource shows only the types that it was told of.
 * Parses only; connecting and reconnecting are in `follow_events.js`.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 */

/**
 * Reads a stream of bytes to its end, and tells of what it contains as it arrives.
 *
 * @param {ReadableStream<Uint8Array>} bytes
 * @param {object} listeners
 * @param {(event: { event: string, data: string, lastEventId: string }) => void} listeners.onEvent
 * @param {(retryMs: number) => void} [listeners.onRetry]
 * @param {(comment: string) => void} [listeners.onComment]
 */
export async function readEvents(bytes, { onEvent, onRetry = () => {}, onComment = () => {} }) {
  const takeLine = lineReader({ onEvent, onRetry, onComment });
  // Some decoders remove a byte order mark wherever a chunk begins; it counts at the very beginning only.
  const decoder = new TextDecoderStream("utf-8", { ignoreBOM: true });
  const texts = bytes.pipeThrough(decoder).getReader();
  let isFirst = true;
  let unfinished = "";
  let endedWithCr = false;
  for (;;) {
    const { done, value = "" } = await texts.read();
    if (done) return;
    const text = isFirst ? value.replace(/^\ufeff/, "") : value;
    isFirst &&= value === "";
    // The second half of a CRLF is no line end of its own.
    const rest = endedWithCr && text[0] === "\n" ? text.slice(1) : text;
    if (text !== "") endedWithCr = text.endsWith("\r");
    const [first, ...others] = rest.split(/\r\n|\r|\n/);
    unfinished += first;
    for (const next of others) {
      takeLine(unfinished);
      unfinished = next;
    }
  }
}

/** Returns a function that takes one line after another. */
function lineReader({ onEvent, onRetry, onComment }) {
  let data = [];
  let event = "";
  let lastEventId = "";
  return (line) => {
    const [, name, value = ""] = /^([^:]*)(?:: ?([^]*))?$/.exec(line);
    if (line.startsWith(":")) onComment(value);
    if (name === "data") data.push(value);
    if (name === "event") event = value;
    if (name === "id" && !value.includes("\0")) lastEventId = value;
    if (name === "retry" && isRetry(value)) onRetry(Number(value));
    if (line !== "") return;
    const block = { event: event || "message", data, lastEventId };
    data = [];
    event = "";
    if (block.data.length > 0) onEvent({ ...block, data: block.data.join("\n") });
  };
}

function isRetry(value) {
  return /^[0-9]+$/.test(value) && Number.isSafeInteger(Number(value));
}
