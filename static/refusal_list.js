/** The console's list of clients that were refused within the last hour. */

import { formatAge, formatNumber } from "./format.js";
import { PagedList, queryOf } from "./paged_list.js";
import { requestJson } from "./request.js";
import { write } from "./table.js";

const place = (id) => document.getElementById(id);

/** Shows refused clients while the list is unfolded. */
export class RefusalList {
  #details = place("refusals-section").querySelector("details");
  #list;
  #isStarted = false;
  #rows = new Map();

  /** `onWhy(by, client)` is called to ask about a client. */
  constructor(onWhy) {
    this.#list = new PagedList(place("refusals-section"), {
      template: place("refusal-row"),
      load: (query) => this.#load(query),
      key: keyOf,
      show: showRefusal,
    });
    this.#details.addEventListener("toggle", () => this.#follow());
    place("refusals").addEventListener("click", ({ target }) => {
      if (!target.matches(".why")) return;
      const { subject, address } = this.#rows.get(target.closest("tr").dataset.key);
      if (subject === null) onWhy("address", address);
      else onWhy("subject", subject);
    });
  }

  /** Begins to show them, once the list is unfolded. */
  start() {
    this.#isStarted = true;
    this.#follow();
  }

  /** Empties the list, and stops reading it. */
  stop() {
    this.#isStarted = false;
    this.#follow();
  }

  #follow() {
    if (this.#isStarted && this.#details.open) this.#list.start();
    else this.#list.stop();
  }

  async #load({ search, sort, cursor, limit }) {
    const query = queryOf({ search, sort, limit, offset: cursor });
    const { refusals, next } = await requestJson(`refusals?${query}`);
    this.#rows = new Map(refusals.map((row) => [keyOf(row), row]));
    return { rows: refusals, next };
  }
}

function keyOf({ address, subject, tokenId, method, path, streams, status, reason, first }) {
  return [address, subject, tokenId, method, path, ...streams, status, reason, first].join(" ");
}

function showRefusal(row, refusal) {
  const { address, subject, isVerified, status, reason, method, path, streams, count, last } =
    refusal;
  write(row, "address", address);
  write(row, "user", subject === null ? "" : `${subject}${isVerified ? "" : " (not verified)"}`);
  write(row, "why-refused", `${status} ${reason}`);
  write(row, "target", [`${method} ${path}`, streams.join(", ")].filter(Boolean).join(": "));
  write(row, "times", formatNumber(count));
  write(row, "age", formatAge(Math.max((Date.now() - Date.parse(last)) / 1_000, 0)));
  row.title = refusal.detail ?? "";
  const client = `${subject ?? address}, ${status} ${reason} at ${path} ${streams.join(", ")}`;
  row.querySelector(".why").setAttribute("aria-label", `Ask about ${client}`);
}
