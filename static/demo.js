/** The demo page: a panel for each shape of the server, and the commands that show the same. */

const MAX_ENTRIES = 200;

const STATES = {
  connecting: "Connecting",
  open: "Open",
  waiting: "Waiting to reconnect",
  closed: "Closed: no event stream",
};

const PANELS = [
  {
    title: "Per connection",
    text: "Every client has a stream of its own: this one began with this page.",
    url: "/sse",
  },
  {
    title: "Broadcast",
    text: "All clients see the same instants: open a second window and compare.",
    url: "/sse?stream=time",
  },
];

function start() {
  const panels = document.querySelector("#panels");
  if ("EventSource" in globalThis) {
    panels.append(...PANELS.map((options) => new Panel(options).element));
  } else {
    const sorry = "Sorry, your browser does not support server-sent events…";
    panels.append(createText("p", "notice", sorry));
  }
  for (const origin of document.querySelectorAll(".origin")) origin.textContent = location.origin;
}

/** One stream on show. It connects when it is made, and reconnects as long as the page lives. */
class Panel {
  /** What to place in the page. */
  element = document.querySelector("#panel").content.firstElementChild.cloneNode(true);

  /** The entries that came during a pause, newest first. */
  #waiting = [];
  #isPaused = false;
  #events = 0;
  #opens = 0;

  constructor({ title, text, url }) {
    this.element.setAttribute("aria-label", title);
    for (const place of this.element.querySelectorAll(".title")) place.textContent = title;
    this.#write("text", text);
    this.#write("url", url);
    this.#find("pause").addEventListener("click", () => this.#togglePause());
    this.#find("clear").addEventListener("click", () => this.#clear());
    this.#connect(url);
  }

  #connect(url) {
    const source = new EventSource(url);
    this.#showState("connecting");
    source.addEventListener("open", () => this.#opened());
    source.addEventListener("error", () => {
      this.#showState(source.readyState === EventSource.CLOSED ? "closed" : "waiting");
    });
    // The first event of a subscription says where it stands: an id, and nothing for the list.
    source.addEventListener("hello", (event) => this.#showId(event));
    for (const type of ["message", "gap", "reset"]) {
      source.addEventListener(type, (event) => this.#receive(event));
    }
  }

  #opened() {
    this.#opens++;
    this.#showState("open");
    this.#write("reconnects", this.#opens - 1);
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

  /** Empties the list and what waits for it. The figures stay: they count since the page opened. */
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

  #showState(state) {
    this.#find("state").dataset.state = state;
    this.#write("state-text", STATES[state]);
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

/** Makes a list entry of an event; one with a type of its own is marked with it. */
function createEntry({ type, data }) {
  const entry = document.createElement("li");
  entry.textContent = data;
  if (type !== "message") entry.prepend(createText("strong", "mark", type), " ");
  return entry;
}

function createText(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

start();
