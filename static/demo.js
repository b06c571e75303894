/** The demo page: a panel for each shape of the server, one to write to, and the same in a terminal. */

import { Panel } from "./panel.js";
import { publish } from "./request.js";

/** In the order in which they take a connection, if there are not enough for all. */
const PANELS = [
  {
    title: "With history",
    text: "What is published is kept: a window that was away gets exactly what it missed.",
    url: "sse?stream=chat&since=20",
  },
  {
    title: "Broadcast",
    text: "All clients see the same instants: open a second window and compare.",
    url: "sse?stream=time",
  },
  {
    title: "Per connection",
    text: "Every client has a stream of its own: this one began with this page.",
    url: "sse",
  },
];

/** Where this page is, without a slash at the end: an origin, and the path of a proxy if there is one. */
const BASE = new URL(".", document.baseURI).href.slice(0, -1);

/** Where the token is kept: as long as the tab, for this server of the origin, and nowhere else. */
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
    // The browser keeps nothing for this page: the form begins empty.
    return "";
  }
}

function keepToken(token) {
  try {
    sessionStorage.setItem(TOKEN, token);
  } catch {
    // The browser keeps nothing for this page: the form keeps it until a reload.
  }
}

start();
