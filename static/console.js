/** The console: shows an operator who is logged in what the server does, until the session ends. */

import { Chart } from "./charts.js";
import { sharing, subscribe } from "./client.js";
import { ConnectionList } from "./connection_list.js";
import { StateView } from "./connection_state.js";
import { DoctorForm } from "./doctor_form.js";
import { ExplainForm } from "./explain_form.js";
import { formatBytes } from "./format.js";
import { ReasonChart } from "./reason_chart.js";
import { RefusalList } from "./refusal_list.js";
import { publish, request, requestJson } from "./request.js";
import { ServerPanel } from "./server_panel.js";
import { StreamList } from "./stream_list.js";
import { StreamPage } from "./stream_page.js";
import { Watch } from "./watch.js";

const place = (id) => document.getElementById(id);

const charts = {
  connections: new Chart(place("connections-chart"), {
    series: ["all", "subscribers"],
    minStep: 1,
  }),
  events: new Chart(place("events-chart"), { series: ["delivered", "published"], minStep: 1 }),
  latency: new Chart(place("latency-chart"), { series: ["99 % below", "50 % below"] }),
  troubles: new ReasonChart(place("troubles-chart"), {
    series: ["refused", "gaps", "resets"],
    reasonsOf: ({ refused }) => refused,
    valuesOf: ({ refused, gaps, resets }) => [sum(refused), gaps, resets],
  }),
  ends: new ReasonChart(place("ends-chart"), {
    series: ["left", "slow or stalled", "others"],
    reasonsOf: ({ ended }) => ended,
    valuesOf: ({ ended: { left = 0, slow = 0, stalled = 0, ...others } }) => [
      left,
      slow + stalled,
      sum(others),
    ],
  }),
};

function sum(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** For each choice, how far the charts look back, in minutes, and the seconds between points. */
const SPANS = { "15m": [15, 1], "1h": [60, 5], "12h": [720, 60] };

const watch = new Watch(place("watch-form"), place("watched"));
const streamPage = new StreamPage(place("stream-page"));
const explain = new ExplainForm(place("explain-form"));
const parts = [
  new StreamList({
    onOpen: (stream) => streamPage.open(stream),
    onWatch: (stream) => watch.show(stream),
  }),
  new ConnectionList((id) => explain.ask("connection", id)),
  new RefusalList((by, client) => explain.ask(by, client)),
  new ServerPanel(),
  new DoctorForm(place("doctor-form")),
  explain,
];
const stateView = new StateView(place("state"), place("trouble").querySelector(".trouble-text"));

/** Aborts the event streams and the retries of the session. */
let session = new AbortController();

/**
 * Shows the console if there is a session, the login if there is none, or else the server's refusal.
 */
async function enter(failures = 0) {
  const { signal } = renew();
  try {
    const opened = await requestJson("session");
    if (!signal.aborted) showConsole(opened);
  } catch (refusal) {
    if (signal.aborted) return;
    if (refusal.status === 401) return showLogin();
    const { message, status, detail } = refusal;
    if (!refusal.isTemporary) return showState({ name: "failed", error: { message, status } });
    const pauseMs = refusal.pauseMs(failures);
    const why = { reason: status === 0 ? "unreachable" : "refused", status, detail };
    showState({ name: "waiting", until: Date.now() + pauseMs, why });
    const again = setTimeout(() => enter(failures + 1), pauseMs);
    signal.addEventListener("abort", () => clearTimeout(again));
  }
}

function renew() {
  session.abort();
  session = new AbortController();
  return session;
}

function showLogin() {
  renew();
  watch.close();
  streamPage.close();
  for (const part of parts) part.stop();
  for (const chart of Object.values(charts)) chart.clear();
  place("login").hidden = false;
  place("console").hidden = place("logout").hidden = true;
  place("status").hidden = place("trouble").hidden = true;
  place("login-form").elements.token.focus();
}

/** Shows the console; a session that only reads has nothing in it that changes anything. */
function showConsole({ expiresAt, admin }) {
  place("login").hidden = true;
  place("console").dataset.admin = admin;
  place("publish-form").hidden = place("doctor-publishes").hidden = admin === "read";
  place("console").hidden = place("logout").hidden = false;
  const end = new Date(expiresAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  place("logout").title = `The session ends at ${end}`;
  for (const part of parts) part.start();
  follow();
}

async function follow() {
  const { signal } = renew();
  const span = place("span").value;
  for (const chart of Object.values(charts)) chart.setSpan(...SPANS[span]);
  const events = subscribe(`console/events?span=${span}`, { signal, share: sharing() });
  events.addEventListener(
    "statechange",
    () => signal.aborted || showState(events.state, events.isOffline),
  );
  try {
    for await (const { event, data } of events) {
      if (event === "figures") showFigures(JSON.parse(data));
    }
  } catch {
    leaveIfOver(signal);
  }
}

/** Shows the login if the session is over; otherwise the refusal stays on show. */
async function leaveIfOver(signal) {
  try {
    await request("session");
  } catch ({ status }) {
    if (status === 401 && !signal.aborted) showLogin();
  }
}

function showFigures(figures) {
  const { time, connections, subscribers, published, delivered, memoryBytes } = figures;
  charts.connections.add(time, [connections, subscribers]);
  charts.events.add(time, [delivered, published]);
  charts.latency.add(time, [figures.latencyP99Ms, figures.latencyP50Ms]);
  charts.troubles.add(time, figures);
  charts.ends.add(time, figures);
  place("memory").textContent = typeof memoryBytes === "number" ? formatBytes(memoryBytes) : "";
}

function showState(state, isOffline) {
  place("status").hidden = false;
  stateView.show(state, isOffline);
}

/** Submits a form, and shows the result in its output. */
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
  await openSession({ token: token.value });
  token.value = "";
  await enter();
  // The login is shown again here only because there is still no session.
  if (!place("login").hidden) throw new Error("The browser did not keep the session’s cookie");
  place("console").focus({ preventScroll: true });
  return "";
}

async function logOut() {
  try {
    await request("session", { method: "DELETE" });
    showLogin();
  } catch ({ message }) {
    // The operator must not believe that the session is over.
    alert(`Not logged out: ${message}`);
  }
}

async function publishEvent({ stream, type, id, data }) {
  const event = { data: data.value };
  if (type.value !== "") event.event = type.value;
  if (id.value !== "") event.id = id.value;
  const answer = await publish(stream.value, event);
  const count = answer.subscribers === 1 ? "1 subscriber" : `${answer.subscribers} subscribers`;
  return `Published as ${answer.id} to ${count}`;
}

/** Logs in with the code that the server printed at its terminal, if the page's URL has one. */
async function enterByCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code === null) return await enter();
  // A code is good once, so it is not left in the address bar and the history.
  history.replaceState(null, "", location.pathname + location.search);
  const refusal = await openSession({ code }).catch((refusal) => refusal);
  await enter();
  if (refusal instanceof Error && !place("login").hidden) {
    const output = place("login-form").querySelector("output");
    output.textContent = refusal.message;
    output.className = "problem";
  }
}

function openSession(credential) {
  return request("session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(credential),
  });
}

handle(place("login-form"), logIn);
handle(place("publish-form"), publishEvent);
place("logout").addEventListener("click", logOut);
place("again").addEventListener("click", () => enter());
// A URL with a code may also be pasted into a tab that shows the console already.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#code=")) enterByCode();
});
place("span").addEventListener("change", follow);
enterByCode();
