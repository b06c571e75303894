/** The console's list of streams, and the dialog that ends one. */

import { formatNumber } from "./format.js";
import { PagedList, queryOf } from "./paged_list.js";
import { request, requestJson, streamUrl } from "./request.js";
import { write } from "./table.js";

const place = (id) => document.getElementById(id);

/** Shows streams, and asks before it ends one. */
export class StreamList {
  #dialog = place("end-dialog");
  #list;
  /** The stream that the dialog would end. */
  #ending = "";

  /** `onOpen` and `onWatch` are called with the name of a stream that is to be shown, or watched. */
  constructor({ onOpen, onWatch }) {
    this.#list = new PagedList(place("streams-section"), {
      template: place("stream-row"),
      load: loadStreams,
      key: ({ name }) => name,
      show: showStream,
    });
    place("streams").addEventListener("click", ({ target }) => {
      const stream = target.closest("tr")?.dataset.key;
      if (target.matches(".open")) onOpen(stream);
      if (target.matches(".watch")) onWatch(stream);
      if (target.matches(".end")) this.#ask(stream);
    });
    place("keep-stream").addEventListener("click", () => this.#dialog.close());
    place("end-stream").addEventListener("click", () => this.#end());
  }

  /** Begins to show the streams. */
  start() {
    this.#list.start();
  }

  /** Empties the list, and stops reading it. */
  stop() {
    this.#list.stop();
    this.#dialog.close();
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

/** Suggests the streams' names in the forms. */
function showNames(names) {
  const list = place("stream-names");
  const shown = [...list.children].map(({ value }) => value);
  if (names.join() === shown.join()) return;
  list.replaceChildren(...names.map((name) => new Option(name, name)));
}
