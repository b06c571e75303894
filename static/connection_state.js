/** What a subscription does, in words: its state, why it waits, and for how long. */

const STATES = {
  queued: "Waiting for another tab to close",
  connecting: "Connecting",
  open: "Open",
  ended: "Ended",
  failed: "Refused",
  closed: "Closed",
};

const REASONS = {
  unreachable: "The server did not answer",
  broken: "The connection broke",
  closed: "The server ended the connection",
  goaway: "The server sends its clients away",
  expired: "The permission to read has expired",
  silent: "Nothing came for too long",
  hidden: "The page is hidden",
};

/**
 * Shows the states of one subscription in an element with the class `state`, and in another one the reason,
 * which stays on show until the subscription is open.
 */
export class StateView {
  #state;
  #reason;
  #ticking;

  constructor(state, reason) {
    this.#state = state;
    this.#reason = reason;
  }

  /** Shows a state, and whether the browser is offline. */
  show(state, isOffline = false) {
    clearInterval(this.#ticking);
    this.#state.dataset.state = state.name;
    const text = this.#state.querySelector(".state-text");
    const write = () => text.textContent = stateText(state);
    write();
    if (state.name === "waiting") this.#ticking = setInterval(write, 1_000);
    const reason = reasonText(state, isOffline);
    if (reason !== "" || state.name === "open") this.#reason.textContent = reason;
    const alert = this.#reason.closest("[role=alert]");
    if (alert) alert.hidden = this.#reason.textContent === "";
  }

  /** Stops counting down. */
  close() {
    clearInterval(this.#ticking);
  }
}

function stateText({ name, until }) {
  if (name !== "waiting") return STATES[name];
  if (until === Infinity) return "Waiting for the page to be shown";
  return `Waiting to reconnect: ${Math.max(0, Math.ceil((until - Date.now()) / 1_000))} s`;
}

function reasonText({ name, why, error }, isOffline) {
  if (name === "failed") return withoutAction(error.message, error.status);
  if (isOffline && !["ended", "closed"].includes(name)) return "The browser is offline";
  if (name !== "waiting") return "";
  if (why.reason === "refused") return withoutAction(why.detail ?? "", why.status);
  const reason = REASONS[why.reason] ?? "";
  return why.reason === "goaway" ? `${reason}: ${why.detail}` : reason;
}

/** The sentence of a refusal, with its status; without a problem's detail, the client names the status. */
function withoutAction(message, status) {
  const detail = message.replace(/^Cannot subscribe: /, "");
  const sentence = detail.slice(0, 1).toUpperCase() + detail.slice(1);
  return status > 0 && !detail.endsWith(`answered ${status}`)
    ? `${sentence} (${status})`
    : sentence;
}
