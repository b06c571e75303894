/** The console's form that tests an event stream of this server, as this browser reaches it. */

import { streamUrl } from "./request.js";

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <li class="finding">
    <span class="level"></span>
    <h3 class="check"></h3>
    <p class="seen"></p>
    <p class="change"></p>
  </li>`;

/** The protocol by which the page came, such as `h2`. */
const PROTOCOL = performance.getEntriesByType("navigation")[0]?.nextHopProtocol ?? "";

/** Runs the test when the form is submitted. The browser sends the requests, to this server alone. */
export class DoctorForm {
  #form;
  #findings;
  /** Counts the runs, so that a run that was left shows nothing. */
  #runs = 0;

  constructor(form) {
    this.#form = form;
    this.#findings = form.querySelector(".findings");
    form.querySelector(".crowded").hidden = PROTOCOL.startsWith("h2") || PROTOCOL.startsWith("h3");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#examine();
    });
  }

  /** Nothing is read before somebody asks. */
  start() {}

  /** Empties the form. */
  stop() {
    this.#runs++;
    this.#form.reset();
    this.#tell("", []);
  }

  async #examine() {
    const run = ++this.#runs;
    const { stream, publishes, seconds } = this.#form.elements;
    const button = this.#form.querySelector("[type=submit]");
    button.disabled = true;
    this.#tell(`Testing for about ${Number(seconds.value) + 5} seconds …`, []);
    try {
      const { examinePage } = await import("./doctor.js");
      const { proxies, findings } = await examinePage({
        url: streamUrl(stream.value),
        publishes: publishes.checked &&
          this.#form.closest("[data-admin]").dataset.admin === "write",
        seconds: Number(seconds.value),
        protocol: PROTOCOL,
      });
      if (run === this.#runs) this.#tell(summary(proxies, findings), findings.map(createFinding));
    } catch ({ message }) {
      if (run === this.#runs) this.#tell(message, []);
    }
    button.disabled = false;
  }

  #tell(text, findings) {
    this.#form.querySelector("output").textContent = text;
    this.#findings.replaceChildren(...findings);
  }
}

function summary(proxies, findings) {
  const count = (level) => findings.filter((one) => one.level === level).length;
  const through = proxies.length > 0 ? `, through ${proxies.join(" and ")}` : "";
  return `${plural(count("fault"), "fault")}, ${plural(count("warning"), "warning")}${through}`;
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function createFinding({ check, level, seen, change }) {
  const finding = TEMPLATE.content.firstElementChild.cloneNode(true);
  const write = (name, text) => finding.querySelector(`.${name}`).textContent = text;
  write("level", level);
  finding.dataset.level = level;
  write("check", check);
  write("seen", seen);
  write("change", change === undefined ? "" : `Change: ${change}`);
  return finding;
}
