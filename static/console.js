/** The console: who is logged in sees what the server does, as long as the session lasts. */

import { Chart } from "./charts.js";
import { openEventSource } from "./connections.js";
import { formatBytes } from "./format.js";
import { Overview } from "./overview.js";
import { publish, request } from "./request.js";
import { Watch } from "./watch.js";

const AGAIN_MS = 3_000;

const STATES = {
  queued: "Waiting for another tab to close",
  connecting: "Connecting",
  open: "Open",
  waiting: "Waiting to reconnect",
};

const place = (id) => document.getElementById(id);

const charts = {
  connections: new Chart(place("connections-chart"), {
    series: ["all", "subscribers"],
    minStep: 1,
  }),
  events: new Chart(place("events-chart"), { series: ["delivered", "published"], minStep: 1 }),
  latency: new Chart(place("latency-chart"), { series: ["99 of 100 below", "half below"] }),
};
const watch = new Watch(place("watch-form"), place("watched"));
const overview = new Overview((stream) => watch.show(stream));

/** Ends what the session has opened. */
let session = new AbortController();

/** Shows the console where there is a session, else the login; connects after a pause. */
async function enter(pauseMs = 0) {
  try {
    const { expiresAt } = await (await request("/session")).json();
    if (typeof expiresAt === "number") showConsole(expiresAt, pauseMs);
    else showLogin();
  } catch ({ status }) {
    if (status >= 400 && status < 500) return showLogin();
    // The server is away, and not the session.
    showState("waiting");
    setTimeout(enter, AGAIN_MS);
  }
}

function leave() {
  session.abort();
  watch.close();
}

function showLogin() {
  leave();
  overview.clear();
  for (const chart of Object.values(charts)) chart.clear();
  place("login").hidden = false;
  place("console").hidden = place("status").hidden = true;
  place("login-form").elements.token.focus();
}

function showConsole(expiresAt, pauseMs) {
  place("login").hidden = true;
  place("console").hidden = place("status").hidden = false;
  const end = new Date(expiresAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  place("logout").title = `The session ends at ${end}`;
  session.abort();
  session = new AbortController();
  const { signal } = session;
  setTimeout(() => connect(signal), pauseMs);
}

async function connect(signal) {
  if (signal.aborted) return;
  showState("connecting");
  const onQueued = () => showState("queued");
  const source = await openEventSource("/console/events", { signal, onQueued });
  source.addEventListener("open", () => showState("open"));
  source.addEventListener("figures", ({ data }) => showFigures(JSON.parse(data)));
  source.addEventListener("overview", ({ data }) => overview.show(JSON.parse(data)));
  source.addEventListener("error", () => {
    showState("waiting");
    // Closed for good: the session is over, or something in between refuses.
    if (source.readyState === EventSource.CLOSED) enter(AGAIN_MS);
  });
}

function showFigures(figures) {
  const { time, connections, subscribers, published, delivered, memoryBytes } = figures;
  charts.connections.add(time, [connections, subscribers]);
  charts.events.add(time, [delivered, published]);
  charts.latency.add(time, [figures.latencyP99Ms, figures.latencyP50Ms]);
  place("memory").textContent = typeof memoryBytes === "number" ? formatBytes(memoryBytes) : "";
}

function showState(state) {
  place("state").dataset.state = state;
  place("state").querySelector(".state-text").textContent = STATES[state];
}

/** Does what a form asks for, and shows in its output what came of it. */
function handle(form, submit) {
  const output = form.querySelector("output");
  const button = form.querySelector("[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    output.className = "";
    output.textContent = "";
    try {
      output.textContent = await submit(form.elements);
    } catch (problem) {
      output.textContent = problem.message;
      output.className = "problem";
    }
    button.disabled = false;
  });
}

async function logIn({ token }) {
  await request("/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: token.value }),
  });
  token.value = "";
  await enter();
  return "";
}

async function logOut() {
  try {
    await request("/session", { method: "DELETE" });
    showLogin();
  } catch ({ message }) {
    // Whoever leaves must not believe that the session is over.
    alert(`Not logged out: ${message}`);
  }
}

async function publishEvent({ stream, type, id, data }) {
  const event = { data: data.value };
  if (type.value !== "") event.event = type.value;
  if (id.value !== "") event.id = id.value;
  const answer = await publish(stream.value, event);
  if (type.value !== "") watch.addType(type.value);
  const count = answer.subscribers === 1 ? "1 subscriber" : `${answer.subscribers} subscribers`;
  return `Published as ${answer.id} to ${count}`;
}

handle(place("login-form"), logIn);
handle(place("publish-form"), publishEvent);
place("logout").addEventListener("click", logOut);
enter();
