/** The demo page: a panel for each shape of stream, a form that publishes, and the curl commands. */

import { Panel } from "./panel.js";
import { publish } from "./request.js";

/** The panels, in the order in which they take connections when there are not enough. */
const PANELS = [
  {
    title: "With history",
    text: "Events are kept: a window that reconnects gets exactly the events it missed.",
    url: "sse?stream=chat&since=20",
  },
  {
    title: "Broadcast",
    text: "All clients get the same events: open a second window and compare.",
    url: "sse?stream=time",
  },
  {
    title: "Per connection",
    text: "Every client has its own stream: this one began when you opened this page.",
    url: "sse",
  },
];

/**
 * The URL of this page without a slash at its end: the origin, and the path of a proxy if there is one.
 */
const BASE = new URL(".", document.baseURI).href.slice(0, -1);

/** The key of the token in the session storage, different for each server of an origin. */
const TOKEN = `sse-hub-token of ${BASE}`;

function start() {
  for (const origin of document.querySelectorAll(".origin")) origin.textContent = BASE;
  const place = document.querySelector("#panels");
  if (!("EventSource" in globalThis)) {
    const sorry = document.createElement("p");
    sorry.className = "notice";
    sorry.textContent = "Sorry, your browser does not support server-sent events…";
    place.append(sorry);
    return;
  }
  const [history, ...others] = PANELS.map((options) => new Panel(options).element);
  history.classList.add("is-wide");
  history.querySelector(".list").before(createForm());
  place.append(...others.reverse(), history);
}

/** The form that publishes text to the stream with history. */
function createForm() {
  const form = document.querySelector("#publish").content.firstElementChild.cloneNode(true);
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
