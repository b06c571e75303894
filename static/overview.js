/** The console's tables of streams and connections, and the dialog that ends a stream. */

import { formatAge, formatNumber } from "./format.js";
import { request, streamUrl } from "./request.js";
import { Table, write } from "./table.js";

const MAX_ROWS = 200;

const place = (id) => document.getElementById(id);

/** Shows streams and connections, and asks before it ends a stream. */
export class Overview {
  #streams = new Table(place("streams"), place("stream-row"));
  #connections = new Table(place("connections"), place("connection-row"));
  #dialog = place("end-dialog");
  /** The stream that the dialog would end. */
  #ending = "";

  /** `onWatch` is called with the name of a stream whose button Watch is clicked. */
  constructor(onWatch) {
    place("streams").addEventListener("click", ({ target }) => {
      const stream = target.closest("tr")?.dataset.key;
      if (target.matches(".watch")) onWatch(stream);
      if (target.matches(".end")) this.#ask(stream);
    });
    place("keep-stream").addEventListener("click", () => this.#dialog.close());
    place("end-stream").addEventListener("click", () => this.#end());
  }

  /** Shows the data of an event `overview`. */
  show({ streams, connections, more = 0, moreStreams = 0 }) {
    const shown = streams.slice(0, MAX_ROWS);
    this.#streams.update(shown, ({ name }) => name, showStream);
    this.#connections.update(connections.slice(0, MAX_ROWS), (_, i) => i, showConnection);
    place("more-streams").textContent = moreText(moreStreams + streams.length - shown.length);
    place("more-connections").textContent = moreText(more);
    showNames(shown.map(({ name }) => name));
  }

  /** Empties the tables. */
  clear() {
    this.show({ streams: [], connections: [] });
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
    } catch (problem) {
      write(this.#dialog, "problem", problem.message);
    }
  }
}

function showStream(row, stream) {
  write(row, "name", stream.name);
  write(row, "subscribers", stream.subscribers);
  write(row, "rate", formatNumber(stream.rate));
  write(row, "kept", stream.isEphemeral ? "—" : stream.events);
  write(row, "id", stream.isEnded ? "ended" : stream.lastId || "—");
  row.querySelector(".watch").setAttribute("aria-label", `Watch ${stream.name}`);
  row.querySelector(".end").setAttribute("aria-label", `End ${stream.name}`);
  row.querySelector(".end").disabled = stream.isEnded;
}

function showConnection(row, { address, streams, ageSeconds, events, behind }) {
  write(row, "address", address);
  write(row, "streams", streams.length === 0 ? "its own" : streams.join(", "));
  write(row, "age", formatAge(ageSeconds));
  write(row, "events", events ?? "—");
  write(row, "behind", behind);
  row.querySelector(".behind").classList.toggle("is-warning", behind > 0);
}

/** Suggests the streams' names in the forms. */
function showNames(names) {
  const list = place("stream-names");
  const shown = [...list.children].map(({ value }) => value);
  if (names.join() === shown.join()) return;
  list.replaceChildren(...names.map((name) => new Option(name, name)));
}

function moreText(count) {
  return count > 0 ? `and ${count} more` : "";
}
