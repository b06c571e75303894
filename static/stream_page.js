/** The console's page of one stream: its figures, its options and its events. */

import { Chart } from "./charts.js";
import { formatAge, formatBytes, formatNumber } from "./format.js";
import { requestJson } from "./request.js";
import { write } from "./table.js";
import { createStreamPanel } from "./watch.js";

const EVERY_MS = 1_000;

/** Shows one stream at a time. */
export class StreamPage {
  #element;
  #chart;
  #name = "";
  #timer;
  #panel;

  constructor(element) {
    this.#element = element;
    this.#chart = new Chart(element.querySelector(".chart"), { series: ["published"], minStep: 1 });
    element.querySelector(".close").addEventListener("click", () => {
      this.close();
      // The button that had the focus is gone.
      document.getElementById("streams-title").focus();
    });
  }

  /** Shows a stream. */
  open(name) {
    this.close();
    this.#name = name;
    this.#element.hidden = false;
    write(this.#element, "name", name);
    this.#follow();
    this.#watch();
    this.#element.focus();
  }

  /** Shows nothing, and reads nothing. */
  close() {
    this.#name = "";
    this.#element.hidden = true;
    this.#chart.clear();
    this.#panel?.close();
    this.#panel?.element.remove();
    clearTimeout(this.#timer);
  }

  /** Shows the events: the newest, or those after an id. */
  #watch(lastEventId) {
    this.#panel?.close();
    this.#panel?.element.remove();
    const onResume = (id) => this.#watch(id);
    this.#panel = createStreamPanel(this.#name, { lastEventId, onResume });
    this.#panel.element.classList.add("is-wide");
    this.#element.querySelector(".events").append(this.#panel.element);
    if (lastEventId !== undefined) this.#panel.focus();
  }

  async #follow() {
    const name = this.#name;
    try {
      const stream = await requestJson(`streams/${encodeURIComponent(name)}`);
      if (name !== this.#name) return;
      this.#chart.add(Date.now(), [stream.rate]);
      showStream(this.#element, stream);
    } catch ({ message }) {
      if (name === this.#name) write(this.#element, "state-text", message);
    }
    if (name === this.#name) this.#timer = setTimeout(() => this.#follow(), EVERY_MS);
  }
}

function showStream(element, stream) {
  write(element, "subscribers", formatNumber(stream.subscribers));
  write(element, "published", formatNumber(stream.published));
  write(element, "kept", stream.isEphemeral ? "none: ephemeral" : formatNumber(stream.events));
  write(element, "bytes", formatBytes(stream.bytes));
  write(element, "first-id", stream.firstId || "—");
  write(element, "last-id", stream.lastId || "—");
  write(element, "state-text", stream.isEnded ? "The stream has ended." : "");
  for (const [option, text] of Object.entries(OPTIONS)) {
    const isOwn = Object.hasOwn(stream.ownOptions, option);
    write(element, `option-${option}`, text(stream.options[option]));
    write(element, `origin-${option}`, isOwn ? "set for this stream" : "the server’s default");
  }
}

/** The text of each option; `null` stands for no limit. */
const OPTIONS = {
  historyEvents: (value) => value === null ? "no limit of" : value.toLocaleString("en"),
  historyBytes: (value) => value === null ? "no limit" : formatBytes(value),
  historyMs: (value) => value === null ? "no limit" : formatAge(value / 1_000),
  replayEvents: (value) => {
    if (value === 0) return "no kept event";
    return value === null ? "all kept events" : `the newest ${formatNumber(value)}`;
  },
  slowSubscriber: (value) => SLOW[value],
  ephemeral: (value) => value ? "yes: no ids, no resuming" : "no",
};

const SLOW = {
  disconnect: "are disconnected, to resume",
  skip: "skip to the oldest kept event",
  latest: "get only the newest event",
};
