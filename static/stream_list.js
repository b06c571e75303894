/** The console's list of streams, the figures of one, and the dialog that ends one. */

import { Chart } from "./charts.js";
import { formatBytes, formatNumber } from "./format.js";
import { PagedList, queryOf } from "./paged_list.js";
import { request, requestJson, streamUrl } from "./request.js";
import { write } from "./table.js";

const place = (id) => document.getElementById(id);

/** Shows streams, and asks before it ends one. */
export class StreamList {
  #dialog = place("end-dialog");
  #details = place("stream-details");
  #chart = new Chart(place("stream-chart"), { series: ["published"], minStep: 1 });
  #list;
  #onWatch;
  /** The stream that the dialog would end. */
  #ending = "";
  /** The stream whose figures are shown. */
  #shown = "";
  #timer;

  /** `onWatch` is called with the name of a stream that is to be watched. */
  constructor(onWatch) {
    this.#onWatch = onWatch;
    this.#list = new PagedList(place("streams-section"), {
      template: place("stream-row"),
      load: loadStreams,
      key: ({ name }) => name,
      show: showStream,
    });
    place("streams").addEventListener("click", ({ target }) => {
      const stream = target.closest("tr")?.dataset.key;
      if (target.matches(".open")) this.open(stream);
      if (target.matches(".watch")) onWatch(stream);
      if (target.matches(".end")) this.#ask(stream);
    });
    place("keep-stream").addEventListener("click", () => this.#dialog.close());
    place("end-stream").addEventListener("click", () => this.#end());
    place("close-stream").addEventListener("click", () => this.#close());
  }

  /** Begins to show the streams. */
  start() {
    this.#list.start();
  }

  /** Empties the list, and stops reading it. */
  stop() {
    this.#list.stop();
    this.#dialog.close();
    this.#close();
  }

  /** Shows the figures of a stream, and its events. */
  open(name) {
    this.#shown = name;
    this.#chart.clear();
    this.#details.hidden = false;
    write(this.#details, "name", name);
    this.#follow();
    this.#onWatch(name);
    this.#details.focus();
  }

  #close() {
    this.#shown = "";
    this.#details.hidden = true;
    clearTimeout(this.#timer);
  }

  async #follow() {
    clearTimeout(this.#timer);
    const name = this.#shown;
    try {
      const stream = await requestJson(`streams/${encodeURIComponent(name)}`);
      if (name !== this.#shown) return;
      this.#chart.add(Date.now(), [stream.rate]);
      showDetails(this.#details, stream);
    } catch ({ message }) {
      write(this.#details, "state-text", message);
    }
    if (name === this.#shown && name !== "") {
      this.#timer = setTimeout(() => this.#follow(), 1_000);
    }
  }

  #ask(stream) {
    this.#ending = stream;
    write(this.#dialog, "name", stream);
    write(this.#dialog, "problem", "");
    this.#dialog.showModal();
  }

  async #end() {
    try {
      await request(streamUrl(this.#ending), { method: "DELETE" });
      this.#dialog.close();
      this.#list.refresh();
    } catch (problem) {
      write(this.#dialog, "problem", problem.message);
    }
  }
}

async function loadStreams({ search, sort, cursor, limit }) {
  const from = sort === "name" ? { after: cursor } : { offset: cursor };
  const { streams, next } = await requestJson(
    `streams?${queryOf({ search, sort, limit, ...from })}`,
  );
  showNames(streams.map(({ name }) => name));
  return { rows: streams, next };
}

function showStream(row, stream) {
  write(row, "open", stream.name);
  write(row, "subscribers", stream.subscribers);
  write(row, "rate", formatNumber(stream.rate));
  write(row, "kept", stream.isEphemeral ? "—" : stream.events);
  write(row, "id", stream.isEnded ? "ended" : stream.lastId || "—");
  row.querySelector(".watch").setAttribute("aria-label", `Watch ${stream.name}`);
  row.querySelector(".end").setAttribute("aria-label", `End ${stream.name}`);
  row.querySelector(".end").disabled = stream.isEnded;
}

function showDetails(element, stream) {
  write(element, "subscribers", formatNumber(stream.subscribers));
  write(element, "published", formatNumber(stream.published));
  write(element, "kept", stream.isEphemeral ? "none: ephemeral" : formatNumber(stream.events));
  write(element, "bytes", formatBytes(stream.bytes));
  write(element, "first-id", stream.firstId || "—");
  write(element, "last-id", stream.lastId || "—");
  write(element, "state-text", stream.isEnded ? "The stream has ended." : "");
}

/** Suggests the streams' names in the forms. */
function showNames(names) {
  const list = place("stream-names");
  const shown = [...list.children].map(({ value }) => value);
  if (names.join() === shown.join()) return;
  list.replaceChildren(...names.map((name) => new Option(name, name)));
}
