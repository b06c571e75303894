/** The newest entries of a panel, newest first; the arrow keys move from entry to entry. */

const MAX_ENTRIES = 200;

/** Shows entries in an element that scrolls and has a list inside. */
export class EntryList {
  #element;
  #entries;
  /** The entries that arrived during a pause, newest first. */
  #waiting = [];
  #isPaused = false;

  constructor(element) {
    this.#element = element;
    this.#entries = element.querySelector(".entries");
    element.addEventListener("keydown", (event) => this.#move(event));
  }

  /** The number of entries that arrived during the pause. */
  get waiting() {
    return this.#waiting.length;
  }

  /** Shows an entry, or keeps it until the end of the pause. */
  add(entry) {
    if (!this.#isPaused) return this.#show([entry]);
    this.#waiting.unshift(entry);
    this.#waiting.splice(MAX_ENTRIES);
  }

  /** Keeps what is on show in place. */
  pause() {
    this.#isPaused = true;
  }

  /** Shows what arrived during the pause, and what arrives from now on. */
  resume() {
    this.#isPaused = false;
    this.#show(this.#waiting.splice(0));
  }

  /** Empties the list. */
  clear() {
    this.#waiting = [];
    this.#entries.replaceChildren();
  }

  #show(entries) {
    this.#entries.prepend(...entries);
    while (this.#entries.childElementCount > MAX_ENTRIES) {
      const last = this.#entries.lastElementChild;
      if (last.contains(document.activeElement)) this.#element.focus();
      last.remove();
    }
  }

  /** Moves the focus; the entries themselves are no stops of the Tab key, since there are many. */
  #move(event) {
    const step = STEPS[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...this.#entries.children];
    const at = all.findIndex((entry) => entry.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, step(at, all.length)))];
    if (next === undefined) return;
    event.preventDefault();
    next.querySelector("summary").focus();
  }
}

/** The index of the entry that a key leads to; `at` is -1 where no entry has the focus. */
const STEPS = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  Home: () => 0,
  End: (_, count) => count - 1,
};
