/**
 * A table of many rows: a page at a time, searched and sorted by the server, and read anew every two
 * seconds while the page can be seen.
 */

import { Table } from "./table.js";

const EVERY_MS = 2_000;
const TYPING_MS = 250;
const PAGE = 50;

/** A list in a section with a form `.tools`, a `tbody` and a `.pager`. */
export class PagedList {
  #load;
  #key;
  #show;
  #table;
  #tools;
  #pager;
  /** Where the pages up to the one shown begin. */
  #cursors = [""];
  #next = null;
  #timer;
  #isLoading = false;
  #isStarted = false;

  /**
   * `load({ search, sort, cursor, limit })` resolves with `{ rows, next }`; `next` is the cursor of the
   * next page, or `null`. `key(row)` identifies a row, and `show(element, row)` writes it.
   */
  constructor(section, { template, load, key, show }) {
    this.#load = load;
    this.#key = key;
    this.#show = show;
    this.#table = new Table(section.querySelector("tbody"), template);
    this.#tools = section.querySelector(".tools");
    this.#pager = section.querySelector(".pager");
    this.#tools.addEventListener("submit", (event) => event.preventDefault());
    this.#tools.addEventListener("input", () => this.#restart(TYPING_MS));
    this.#pager.querySelector(".previous").addEventListener("click", () => this.#turn(-1));
    this.#pager.querySelector(".next").addEventListener("click", () => this.#turn(1));
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  /** Begins to read the list. */
  start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.refresh();
  }

  /** Stops reading, and empties the list. */
  stop() {
    this.#isStarted = false;
    clearTimeout(this.#timer);
    this.#cursors = [""];
    this.#table.update([], this.#key, this.#show);
    this.#tell("");
  }

  /** Reads the list now. */
  refresh() {
    clearTimeout(this.#timer);
    if (!this.#isStarted || document.hidden) return;
    this.#read().finally(() => {
      clearTimeout(this.#timer);
      if (this.#isStarted) this.#timer = setTimeout(() => this.refresh(), EVERY_MS);
    });
  }

  /** Searches for a text. */
  find(text) {
    this.#tools.elements.search.value = text;
    this.#restart(0);
  }

  #restart(ms) {
    this.#cursors = [""];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), ms);
  }

  #turn(pages) {
    if (pages < 0 && this.#cursors.length > 1) this.#cursors.pop();
    if (pages > 0 && this.#next !== null) this.#cursors.push(this.#next);
    this.refresh();
  }

  async #read() {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const { search, sort } = this.#tools.elements;
    const query = { search: search.value.trim(), sort: sort.value, limit: PAGE };
    const page = this.#cursors.length;
    const cursor = this.#cursors.at(-1);
    try {
      const { rows, next } = await this.#load({ ...query, cursor });
      // The operator may have logged out, turned the page or typed meanwhile.
      if (!this.#isStarted || this.#cursors.at(-1) !== cursor) return;
      this.#next = next;
      this.#table.update(rows, this.#key, this.#show);
      this.#tell(page === 1 && rows.length === 0 && next === null ? "" : `Page ${page}`);
    } catch ({ message }) {
      this.#tell(message);
    } finally {
      this.#isLoading = false;
    }
  }

  #tell(text) {
    this.#pager.hidden = text === "";
    this.#pager.querySelector(".page-text").textContent = text;
    this.#pager.querySelector(".previous").disabled = this.#cursors.length === 1;
    this.#pager.querySelector(".next").disabled = this.#next === null;
  }
}

/** The query of a URL, without what is empty. */
export function queryOf(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "");
  return new URLSearchParams(given).toString();
}
