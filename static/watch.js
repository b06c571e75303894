/** The console's panel Watch: shows the events of one stream at a time. */

import { Panel } from "./panel.js";
import { streamUrl } from "./request.js";

const MAX_TYPES = 20;

/** A form that names a stream and its event types, and the panel that shows it. */
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

  /** Adds an event type to the form, for the next stream that is watched. */
  addType(type) {
    const { types } = this.#form.elements;
    if (!this.#types().includes(type)) types.value = `${types.value} ${type}`.trim();
  }

  /** Stops watching. */
  close() {
    this.#panel?.close();
    this.#panel = undefined;
    this.#place.replaceChildren();
  }

  #open() {
    const title = this.#form.elements.stream.value;
    this.close();
    this.#panel = new Panel({
      title,
      text: "The newest 20 kept events, then new ones.",
      url: streamUrl(title, "&since=20"),
      types: this.#types(),
    });
    this.#place.append(this.#panel.element);
  }

  #types() {
    const types = this.#form.elements.types.value.split(/\s+/).filter((type) => type !== "");
    return types.slice(-MAX_TYPES);
  }
}
