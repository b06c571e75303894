/** The console's list of connections, and the dialog that ends some. */

import { formatAge, formatBytes, formatNumber } from "./format.js";
import { PagedList, queryOf } from "./paged_list.js";
import { request, requestJson } from "./request.js";
import { write } from "./table.js";

const place = (id) => document.getElementById(id);

/** Shows connections, and ends them. */
export class ConnectionList {
  #dialog = place("disconnect-dialog");
  #form = place("disconnect-form");
  #list;
  #rows = new Map();
  /** The connection that the dialog would end. */
  #ending;

  /** `onWhy(id)` is called to ask why a connection did not get an event. */
  constructor(onWhy) {
    this.#list = new PagedList(place("connections-section"), {
      template: place("connection-row"),
      load: (query) => this.#load(query),
      key: ({ id }) => id,
      show: showConnection,
    });
    place("connections").addEventListener("click", ({ target }) => {
      const id = target.closest("tr")?.dataset.key;
      if (target.matches(".why")) onWhy(id);
      if (target.matches(".end")) this.#ask(this.#rows.get(id));
    });
    place("keep-connection").addEventListener("click", () => this.#dialog.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#end();
    });
  }

  /** Begins to show the connections. */
  start() {
    this.#list.start();
  }

  /** Empties the list, and stops reading it. */
  stop() {
    this.#list.stop();
    this.#dialog.close();
  }

  async #load({ search, sort, cursor, limit }) {
    const from = sort === "age" ? { after: cursor } : { offset: cursor };
    const query = queryOf({ search, sort, limit, ...from });
    const { connections, next } = await requestJson(`connections?${query}`);
    this.#rows = new Map(connections.map((row) => [row.id, row]));
    return { rows: connections, next };
  }

  #ask(connection) {
    if (!connection) return;
    this.#ending = connection;
    const { address, subject, tokenId } = connection;
    write(this.#dialog, "name", subject ?? address);
    write(this.#dialog, "problem", "");
    const options = { address, subject, token: tokenId };
    this.#form.elements.whom.replaceChildren(
      new Option("This connection only", "id"),
      ...Object.entries(options).filter(([, value]) => value !== null)
        .map(([name, value]) => new Option(`All of ${name} ${value}`, name)),
    );
    this.#form.elements.deny.value = "";
    this.#dialog.showModal();
  }

  async #end() {
    const { whom, deny } = this.#form.elements;
    const { id, address, subject, tokenId } = this.#ending;
    const value = { address, subject, token: tokenId }[whom.value];
    try {
      if (whom.value === "id" && deny.value !== "") {
        throw new Error("To refuse a client for a time, choose its address, subject or token");
      }
      const path = whom.value === "id"
        ? `connections/${id}`
        : `connections?${queryOf({ [whom.value]: value, denySeconds: deny.value })}`;
      await request(path, { method: "DELETE" });
      this.#dialog.close();
      this.#list.refresh();
    } catch ({ message }) {
      write(this.#dialog, "problem", message);
    }
  }
}

function showConnection(row, connection) {
  const { id, address, subject, streams, since, lastId, events, bytes, behind } = connection;
  const age = Math.max((Date.now() - Date.parse(since)) / 1_000, 0);
  write(row, "address", address);
  write(row, "user", subject ?? "");
  write(row, "streams", streams.length === 0 ? "its own" : streams.join(", "));
  write(row, "age", formatAge(age));
  write(row, "events", events === null ? "—" : formatNumber(events));
  write(row, "bytes", bytes === null ? "—" : formatBytes(bytes));
  write(row, "behind", behind);
  write(row, "id", lastId ?? "—");
  row.title = [id, connection.userAgent, connection.origin].filter(Boolean).join("\n");
  row.querySelector(".behind").classList.toggle("is-warning", behind > 0);
  row.querySelector(".why").setAttribute("aria-label", `Why did ${id} not get an event?`);
  row.querySelector(".why").disabled = streams.length === 0;
  row.querySelector(".end").setAttribute("aria-label", `End connection ${id}`);
}
