/** The console's panel Watch: shows the events of one stream or one pattern at a time. */

import { Panel } from "./panel.js";
import { streamUrl } from "./request.js";

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
      this.#open();
    });
  }

  /** Watches this stream instead of the current one. */
  show(stream) {
    this.#form.elements.stream.value = stream;
    this.#open();
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    this.#form.scrollIntoView({ behavior });
  }

  /** Stops watching. */
  close() {
    this.#panel?.close();
    this.#panel = undefined;
    this.#place.replaceChildren();
  }

  #open() {
    const stream = this.#form.elements.stream.value;
    this.close();
    const isPattern = stream.endsWith("*");
    this.#panel = new Panel({
      title: stream,
      text: isPattern
        ? "The newest kept event of each stream, then new ones."
        : "The newest 20 kept events, then new ones.",
      url: streamUrl(stream, isPattern ? "&since=1&format=json" : "&since=20"),
      isPattern,
    });
    this.#place.append(this.#panel.element);
  }
}
