/** The demo page: a panel for each shape of stream, a form that publishes, and the curl commands. */

import { BASE } from "./curl_command.js";
import { Panel } from "./panel.js";
import { publish, request } from "./request.js";

/** The panels, in the order in which they take connections when there are not enough. */
const PANELS = [
  {
    title: "With history",
    name: "chat",
    text: "Events are kept: a window that reconnects gets exactly the events it missed.",
    url: "sse?stream=chat&since=20",
  },
  {
    title: "Broadcast",
    name: "broadcast",
    text: "All clients get the same events: open a second window and compare.",
    url: "sse?stream=time",
  },
  {
    title: "Per connection",
    name: "per connection",
    text: "Every client has a stream of its own: this one began with this page.",
    url: "sse",
    isOwn: true,
  },
];

/** The key of the token in the session storage, different for each server of an origin. */
const TOKEN = `sse-hub-token of ${BASE}`;

function start() {
  for (const origin of document.querySelectorAll(".origin")) origin.textContent = BASE;
  const [history, ...others] = PANELS.map((options) => new Panel(options).element);
  history.classList.add("is-wide");
  document.querySelector("#panels").append(history, ...others);
  offerToPublish(history.querySelector(".about"));
}

/** Adds the form that publishes, or else says how to open publishing. */
async function offerToPublish(place) {
  const isOpen = await isPublishingOpen();
  place.append(isOpen ? createForm() : copyOf("closed"));
}

/** Whether the server has a token to publish with; without one, the methods it allows have no POST. */
async function isPublishingOpen() {
  try {
    const { headers } = await request("sse", { method: "OPTIONS" });
    return /\bPOST\b/.test(headers.get("allow") ?? "POST");
  } catch {
    // The server can't be reached, or a proxy keeps the answer: publishing will show.
    return true;
  }
}

function copyOf(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

/** The form that publishes text to the stream with history. */
function createForm() {
  const form = copyOf("publish");
  const { token, text } = form.elements;
  token.value = keptToken();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = form.querySelector("output");
    const button = form.querySelector("button");
    button.disabled = true;
    keepToken(token.value);
    try {
      await publish("chat", { data: text.value }, { authorization: `Bearer ${token.value}` });
      answer.textContent = "";
      text.value = "";
    } catch (problem) {
      answer.textContent = problem.message;
    }
    button.disabled = false;
    text.focus();
  });
  return form;
}

function keptToken() {
  try {
    return sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    // The browser denies this page its storage: the form begins empty.
    return "";
  }
}

function keepToken(token) {
  try {
    sessionStorage.setItem(TOKEN, token);
  } catch {
    // The browser denies this page its storage: the form keeps the token until a reload.
  }
}

start();
