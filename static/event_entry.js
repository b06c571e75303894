/** An event in a panel's list: a line that opens to the whole event and to buttons that copy it. */

import { CONTROL_EVENTS } from "./control_events.js";
import { copyText } from "./copy_text.js";
import { curlCommand } from "./curl_command.js";
import { formatBytes } from "./format.js";
import { createTree, parseTree } from "./json_tree.js";

/** The characters that a line shows of the data, and the whole event. */
const PREVIEW = 500;
const MAX_CHARACTERS = 100_000;

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <li class="entry">
    <details>
      <summary tabindex="-1">
        <span class="type"></span>
        <time class="time"></time>
        <span class="size"></span>
        <span class="event-id"></span>
        <span class="preview"></span>
      </summary>
      <div class="whole">
        <p class="note"></p>
        <div class="data"></div>
        <div class="buttons">
          <button class="copy-data" type="button">Copy data</button>
          <button class="copy-curl" type="button">Copy as curl</button>
          <button class="resume" type="button" hidden>Resume from here</button>
          <output class="copied"></output>
        </div>
      </div>
    </details>
  </li>`;

/**
 * Creates the entry of an event of `url`; `hasId` says whether the event has an id of its own, `isControl`
 * whether the server tells of the connection. `stream` is shown if it is given. Without `publishedMs` the
 * event has arrived just now. `onResume(id)` is called to read on from the event.
 */
export function createEntry(
  url,
  { stream, event, data, lastEventId, hasId, isControl, publishedMs },
  onResume,
) {
  const entry = TEMPLATE.content.firstElementChild.cloneNode(true);
  const now = new Date(publishedMs ?? Date.now());
  entry.classList.toggle("is-control", isControl);
  const write = (name, text) => writeInto(entry, name, text);
  const isNamed = event !== "message" || stream !== undefined;
  const type = stream === undefined || event !== "message" ? event : "";
  const shownType = [stream, type].filter(Boolean).join(" · ");
  write("type", shownType).title = shownType;
  entry.querySelector(".type").classList.toggle("is-named", isNamed);
  const time = write("time", now.toLocaleTimeString("en-GB"));
  time.dateTime = now.toISOString();
  time.title = `${publishedMs === undefined ? "Arrived" : "Published"} ${now.toLocaleString()}`;
  write("size", formatBytes(new TextEncoder().encode(data).length));
  write("event-id", hasId ? lastEventId : "—").title = hasId ? lastEventId : "";
  write("preview", shorten(data, PREVIEW));
  write("note", isControl ? CONTROL_EVENTS[event] : "");
  const name = hasId ? lastEventId : `of ${now.toISOString()}`;
  const command = () => curlCommand(url, { event, data, lastEventId, isControl });
  offerCopy(entry, "copy-data", `Copy data of event ${name}`, () => data);
  offerCopy(entry, "copy-curl", `Copy as curl event ${name}`, command);
  if (onResume && hasId && lastEventId) offerResume(entry, lastEventId, onResume);
  const show = () => entry.querySelector(".data").append(createData(data));
  entry.querySelector("details").addEventListener("toggle", show, { once: true });
  return entry;
}

function createData(data) {
  const tree = parseTree(data);
  if (tree !== undefined) return createTree(tree);
  const text = document.createElement("div");
  text.className = "plain";
  text.textContent = shorten(data, MAX_CHARACTERS);
  return text;
}

function offerResume(entry, id, onResume) {
  const button = entry.querySelector(".resume");
  button.hidden = false;
  button.setAttribute("aria-label", `Resume from here, event ${id}`);
  button.addEventListener("click", () => onResume(id));
}

function offerCopy(entry, name, label, text) {
  const button = entry.querySelector(`.${name}`);
  button.setAttribute("aria-label", label);
  button.addEventListener("click", async () => {
    writeInto(entry, "copied", "");
    writeInto(entry, "copied", await copyText(text()) ? "Copied" : "The browser did not copy it");
  });
}

function writeInto(entry, name, text) {
  const place = entry.querySelector(`.${name}`);
  place.textContent = text;
  return place;
}

function shorten(text, length) {
  const rest = text.length - length;
  return rest > 0 ? `${text.slice(0, length)}… (${rest} more)` : text;
}
