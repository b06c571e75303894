/** A panel that shows one event stream: its state, its figures and its newest events. */

import { followEvents } from "./follow_events.js";

const MAX_ENTRIES = 200;
const MAX_CHARACTERS = 2_000;

const STATES = {
  queued: "Waiting for another tab to close",
  connecting: "Connecting",
  open: "Open",
  waiting: "Waiting to reconnect",
  ended: "Ended",
  refused: "Refused",
};

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <section class="panel">
    <div class="panel-head">
      <h2 class="title"></h2>
      <p class="state" role="status">
        <span class="visually-hidden title"></span> <span class="state-text"></span>
      </p>
    </div>
    <p class="text"></p>
    <p><code class="url"></code></p>
    <p class="why"></p>
    <dl class="figures">
      <div>
        <dt>Events</dt>
        <dd class="events">0</dd>
      </div>
      <div>
        <dt>Reconnects</dt>
        <dd class="reconnects">0</dd>
      </div>
      <div>
        <dt>Last id</dt>
        <dd class="id">—</dd>
      </div>
    </dl>
    <div class="list" role="group" aria-label="Events, newest first" tabindex="0">
      <ol class="entries"></ol>
      <p class="empty">No events to show</p>
    </div>
    <div class="buttons">
      <button class="pause" type="button">Pause</button>
      <button class="clear" type="button">Clear</button>
    </div>
  </section>`;

/** Connects when it is created, and reconnects until the stream ends, is refused or is closed. */
export class Panel {
  /** The element to place in the page. */
  element = TEMPLATE.content.firstElementChild.cloneNode(true);

  /** The entries that arrived during a pause, newest first. */
  #waiting = [];
  #isPaused = false;
  #events = 0;
  #opens = 0;
  #end = new AbortController();

  /** `types` are the application's event types: an EventSource sees only types that it listens to. */
  constructor({ title, text, url, types = [] }) {
    this.element.setAttribute("aria-label", title);
    for (const place of this.element.querySelectorAll(".title")) place.textContent = title;
    this.#write("text", text);
    this.#write("url", shownUrl(url));
    this.#find("pause").addEventListener("click", () => this.#togglePause());
    this.#find("clear").addEventListener("click", () => this.#clear());
    this.#follow(url, new Set(["message", "gap", "reset", ...types]));
  }

  /** Ends the connection. The entries stay. */
  close() {
    this.#end.abort();
  }

  #follow(url, types) {
    const receive = (event) => this.#receive(event);
    // The first event of a subscription has an id to show, but nothing for the list.
    const listeners = new Map([["hello", (event) => this.#showId(event)]]);
    for (const type of types) listeners.set(type, receive);
    followEvents(url, {
      signal: this.#end.signal,
      listeners,
      onState: (state, refusal) => this.#showState(state, refusal),
    });
  }

  #receive(event) {
    this.#events++;
    this.#write("events", this.#events);
    this.#showId(event);
    const entry = createEntry(event);
    if (this.#isPaused) this.#keep(entry);
    else this.#showEntries([entry]);
  }

  #keep(entry) {
    this.#waiting.unshift(entry);
    this.#waiting.splice(MAX_ENTRIES);
    this.#showPause();
  }

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    this.#showEntries(this.#waiting.splice(0));
    this.#showPause();
  }

  /**
   * Empties the list and the entries of the pause. The figures stay: they count since the page opened.
   */
  #clear() {
    this.#waiting = [];
    this.#find("entries").replaceChildren();
    this.#showPause();
  }

  #showEntries(entries) {
    const list = this.#find("entries");
    list.prepend(...entries);
    while (list.childElementCount > MAX_ENTRIES) list.lastElementChild.remove();
  }

  #showPause() {
    const resume = this.#waiting.length > 0 ? `Resume (${this.#waiting.length} waiting)` : "Resume";
    this.#write("pause", this.#isPaused ? resume : "Pause");
    this.#find("pause").classList.toggle("is-primary", this.#isPaused);
  }

  #showState(state, refusal) {
    if (state === "open") this.#write("reconnects", this.#opens++);
    this.#find("state").dataset.state = state;
    this.#write("state-text", STATES[state]);
    // The reason of a refusal stays on show until the stream is open.
    if (refusal || state === "open") this.#write("why", refusal?.detail ?? "");
  }

  #showId({ lastEventId }) {
    this.#write("id", lastEventId || "—");
    this.#find("id").title = lastEventId;
  }

  #write(name, value) {
    this.#find(name).textContent = value;
  }

  #find(name) {
    return this.element.querySelector(`.${name}`);
  }
}

/** A URL without its origin, including the path of a proxy. */
function shownUrl(url) {
  return new URL(url, document.baseURI).href.slice(location.origin.length);
}

/** Creates a list entry for an event, marked with the event's type unless it is "message". */
function createEntry({ type, data }) {
  const entry = document.createElement("li");
  const rest = data.length - MAX_CHARACTERS;
  entry.textContent = rest > 0 ? `${data.slice(0, MAX_CHARACTERS)}… (${rest} more)` : data;
  if (type !== "message") {
    const mark = document.createElement("strong");
    mark.className = "mark";
    mark.textContent = type;
    entry.prepend(mark, " ");
  }
  return entry;
}
