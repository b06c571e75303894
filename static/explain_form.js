/** The console's form that asks why a client did not get an event, and its answer. */

import { requestJson } from "./request.js";
import { write } from "./table.js";

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <li class="story">
    <details>
      <summary class="who"></summary>
      <p class="text"></p>
      <ol class="trace"></ol>
    </details>
  </li>`;

/** Explains what became of an event for a client. */
export class ExplainForm {
  #form;
  #stories;

  constructor(form) {
    this.#form = form;
    this.#stories = form.querySelector(".stories");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#explain();
    });
  }

  /** Asks about a client: `by` says what `client` is, such as `connection`. */
  ask(by, client) {
    this.#form.elements.by.value = by;
    this.#form.elements.client.value = client;
    this.#form.elements.event.focus();
  }

  /** Nothing is read before somebody asks. */
  start() {}

  /** Empties the form. */
  stop() {
    this.#form.reset();
    this.#show("", []);
  }

  async #explain() {
    const { by, client, event } = this.#form.elements;
    const query = { event: event.value.trim(), [by.value]: client.value.trim() };
    this.#show("", []);
    try {
      const answer = await requestJson(`explain?${new URLSearchParams(query)}`);
      const { outcome, detail, connections, refusals } = answer;
      this.#show(`${outcome.replaceAll("_", " ")}: ${detail}`, [
        ...connections.map(connectionStory),
        ...refusals.map(refusalStory),
      ]);
    } catch ({ message }) {
      this.#show(message, []);
    }
  }

  #show(answer, stories) {
    write(this.#form, "answer", answer);
    stories[0]?.querySelector("details").toggleAttribute("open", stories.length === 1);
    this.#stories.replaceChildren(...stories);
  }
}

function connectionStory({ outcome, detail, trace }) {
  const { address, subject } = trace.client;
  const client = [subject, address].filter(Boolean).join(", ");
  const story = createStory(
    `Connection ${trace.id}${client && ` of ${client}`}: ${outcome.replaceAll("_", " ")}`,
    detail,
  );
  const lines = trace.decisions.map(decisionText);
  story.querySelector(".trace").append(...lines.map(listItem));
  return story;
}

function refusalStory(refusal) {
  const { address, subject, isVerified, method, path, streams, count, first, last } = refusal;
  const claim = isVerified ? "" : " (not verified)";
  const client = [subject && `${subject}${claim}`, address].filter(Boolean).join(", ");
  const times = count === 1
    ? timeText(last)
    : `${count} times, ${timeText(first)} to ${timeText(last)}`;
  const target = streams.length === 0 ? path : `${path} of ${streams.join(", ")}`;
  return createStory(
    `Refused: ${refusal.status} ${refusal.reason}, ${client}`,
    `${method} ${target}, ${times}${refusal.detail ? `: ${refusal.detail}` : ""}`,
  );
}

function createStory(who, text) {
  const story = TEMPLATE.content.firstElementChild.cloneNode(true);
  write(story, "who", who);
  write(story, "text", text);
  return story;
}

function decisionText({ what, timeMs, id, afterId, streams, lastEventId, reason }) {
  const parts = [
    reason && `(${reason})`,
    lastEventId && `with id ${lastEventId}`,
    afterId && `after ${afterId}`,
    `through ${id}`,
    streams && `of ${streams.join(", ")}`,
  ];
  return `${timeText(timeMs)} ${what} ${parts.filter(Boolean).join(" ")}`;
}

/** As the answers and the log's lines have it, so that times can be compared. */
function timeText(time) {
  return new Date(time).toISOString();
}

function listItem(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}
