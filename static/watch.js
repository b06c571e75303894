/** The console's panels of a stream or a pattern: what is kept, then new events; or what follows an id. */

import { Panel } from "./panel.js";
import { requestJson, streamUrl } from "./request.js";

const KEPT = 20;

/**
 * Creates the panel of a stream or a pattern. With `lastEventId` it shows what a client gets that resumes
 * from there; `onResume(id)` is called to resume from an event.
 */
export function createStreamPanel(stream, { lastEventId, onResume }) {
  const isPattern = stream.endsWith("*");
  const form = isPattern ? "&format=json" : "";
  if (lastEventId !== undefined) {
    return new Panel({
      title: `${stream} after ${lastEventId}`,
      text: "What a client gets that reconnects with this id.",
      url: streamUrl(stream, form),
      isPattern,
      begin: () => Promise.resolve({ next: lastEventId }),
      onResume,
    });
  }
  return new Panel({
    title: stream,
    text: isPattern
      ? "The newest kept event of each stream, then new ones."
      : `The newest ${KEPT} kept events, then new ones.`,
    url: streamUrl(stream, isPattern ? `&since=1${form}` : ""),
    isPattern,
    ...isPattern || { begin: () => readKept(stream) },
    onResume,
  });
}

async function readKept(stream) {
  try {
    const path = streamUrl(stream, `&since=${KEPT}`).replace(/^sse/, "events");
    const { events, next } = await requestJson(path);
    return { events: events.map(({ stream: _, ...event }) => event), next };
  } catch {
    // The subscription tells why, or begins without kept events.
    return undefined;
  }
}

/** A form that names a stream, and the panel that shows it. */
export class Watch {
  #form;
  #place;
  #panel;

  constructor(form, place) {
    this.#form = form;
    this.#place = place;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#follow(form.elements.stream.value);
    });
  }

  /** Watches this stream instead of the current one. */
  show(stream) {
    this.#form.elements.stream.value = stream;
    this.#follow(stream);
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    this.#form.scrollIntoView({ behavior });
  }

  /** Stops watching. */
  close() {
    this.#panel?.close();
    this.#panel = undefined;
    this.#place.replaceChildren();
  }

  #follow(stream, lastEventId) {
    this.close();
    const onResume = (id) => {
      this.#follow(stream, id);
      this.#panel.focus();
    };
    this.#panel = createStreamPanel(stream, { lastEventId, onResume });
    this.#place.append(this.#panel.element);
  }
}
