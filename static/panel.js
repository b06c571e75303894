/** A panel that shows one event stream: its state, its figures and its newest events. */

import { sharing, subscribe } from "./client.js";
import { StateView } from "./connection_state.js";
import { takeConnection } from "./connections.js";
import { EntryList } from "./entry_list.js";
import { createEntry } from "./event_entry.js";
import { streamUrl } from "./request.js";

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <section class="panel stream">
    <div class="about">
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
    </div>
    <div class="received">
      <div class="list" role="group" tabindex="0">
        <ol class="entries"></ol>
        <p class="empty">No events to show</p>
      </div>
      <div class="buttons">
        <button class="pause" type="button">Pause</button>
        <button class="clear" type="button">Clear</button>
      </div>
    </div>
  </section>`;

/** Connects when it is created, and reconnects until the stream ends, is refused, or is closed. */
export class Panel {
  /** The element to place in the page. */
  element = TEMPLATE.content.firstElementChild.cloneNode(true);

  #url;
  #name;
  #isPattern;
  #list;
  #isPaused = false;
  #events = 0;
  #opens = 0;
  #lastEventId = "";
  #end = new AbortController();
  #state;
  #onResume;

  /**
   * `name` tells the panel's buttons from those of other panels; by default it is the title. Tabs share
   * the connection unless it `isOwn`: each tab has one to itself. The URL of a pattern asks for
   * `format=json`, so that each event names its stream. `begin()` resolves with the events that are shown
   * first, and with the id after which the stream is then read, `next`. `onResume(id)` is called to read on
   * from an event; without it, no event offers that.
   */
  constructor(
    { title, name = title, text, url, isOwn = false, isPattern = false, begin, onResume },
  ) {
    this.#url = url;
    this.#isPattern = isPattern;
    this.#name = name;
    this.#onResume = onResume;
    this.element.setAttribute("aria-label", title);
    for (const place of this.element.querySelectorAll(".title")) place.textContent = title;
    this.#write("text", text);
    this.#write("url", shownUrl(url));
    this.#list = new EntryList(this.#find("list"));
    this.#find("list").setAttribute("aria-label", `Events of ${name}, newest first`);
    this.#find("clear").setAttribute("aria-label", `Clear ${name}`);
    this.#find("clear").addEventListener("click", () => this.#clear());
    this.#find("pause").addEventListener("click", () => this.#togglePause());
    this.#showPause();
    this.#state = new StateView(this.#find("state"), this.#find("why"));
    this.#follow(isOwn, begin);
  }

  /** Moves the focus to the list of events. */
  focus() {
    this.#find("list").focus();
  }

  /** Ends the connection. The entries stay. */
  close() {
    this.#end.abort();
    this.#state.close();
  }

  async #follow(isOwn, begin) {
    const { signal } = this.#end;
    const showQueued = () => this.#state.show({ name: "queued" });
    const release = isOwn ? await takeConnection(signal, showQueued) : () => {};
    const first = await begin?.();
    if (signal.aborted) return release();
    for (const event of first?.events ?? []) this.#receive({ ...event, lastEventId: event.id });
    const lastEventId = first?.next || undefined;
    const events = subscribe(this.#url, {
      control: true,
      signal,
      ...lastEventId && { lastEventId },
      ...isOwn || { share: sharing() },
    });
    let shown;
    const showState = () => {
      const { state, isOffline } = events;
      // The same state comes again when the browser goes offline or online.
      if (state !== shown && state.name === "open") this.#write("reconnects", this.#opens++);
      shown = state;
      this.#state.show(state, isOffline);
    };
    events.addEventListener("statechange", showState);
    showState();
    try {
      for await (const event of events) this.#receive(event);
    } catch {
      // The state says why.
    }
    release();
  }

  #receive(event) {
    const isControl = event.streams !== undefined;
    if (!isControl) this.#write("events", ++this.#events);
    const hasId = event.lastEventId !== this.#lastEventId;
    this.#lastEventId = event.lastEventId;
    this.#write("id", event.lastEventId || "—");
    this.#find("id").title = event.lastEventId;
    const shown = { ...event, ...this.#isPattern && !isControl && JSON.parse(event.data) };
    const url = shown.stream === undefined ? this.#url : streamUrl(shown.stream);
    this.#list.add(createEntry(url, { ...shown, hasId, isControl }, this.#onResume));
    if (this.#isPaused) this.#showPause();
  }

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    if (this.#isPaused) this.#list.pause();
    else this.#list.resume();
    this.#showPause();
  }

  /** Empties the list. The figures stay: they count since the page opened. */
  #clear() {
    this.#list.clear();
    this.#showPause();
  }

  #showPause() {
    const { waiting } = this.#list;
    const resume = waiting > 0 ? `Resume (${waiting} waiting)` : "Resume";
    const text = this.#isPaused ? resume : "Pause";
    this.#write("pause", text);
    this.#find("pause").setAttribute("aria-label", `${text} ${this.#name}`);
    this.#find("pause").classList.toggle("is-primary", this.#isPaused);
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
