/** The console's panel of the server: what runs, how near its limits are, and the other instances. */

import { formatAge, formatBytes, formatNumber } from "./format.js";
import { requestJson } from "./request.js";
import { Table, write } from "./table.js";

const EVERY_MS = 5_000;

const place = (id) => document.getElementById(id);

/** Reads the details of the server's health every five seconds. */
export class ServerPanel {
  #element = place("server-section");
  #instances = new Table(place("instances"), place("instance-row"));
  #timer;
  #isStarted = false;

  /** Begins to read. */
  start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#read();
  }

  /** Stops reading. */
  stop() {
    this.#isStarted = false;
    clearTimeout(this.#timer);
  }

  async #read() {
    clearTimeout(this.#timer);
    try {
      const [health, { instances }] = await Promise.all([
        requestJson("healthz?details=true"),
        requestJson("console/instances"),
      ]);
      if (!this.#isStarted) return;
      this.#showHealth(health);
      this.#showInstances(instances);
      write(this.#element, "problem", "");
    } catch ({ message }) {
      write(this.#element, "problem", message);
    }
    if (this.#isStarted) this.#timer = setTimeout(() => this.#read(), EVERY_MS);
  }

  #showHealth({ status, version, runtime, uptimeSeconds, eventLog, ...limits }) {
    write(this.#element, "version", `${version} on ${runtime}`);
    write(this.#element, "uptime", formatAge(uptimeSeconds));
    write(this.#element, "log", eventLog);
    write(this.#element, "health", status);
    const { connections, streams, historyBytes } = limits;
    this.#showLimit("connections", connections.open, connections.max, formatNumber);
    this.#showLimit("streams", streams.open, streams.max, formatNumber);
    this.#showLimit("history", historyBytes.used, historyBytes.max, formatBytes);
  }

  #showLimit(name, used, max, format) {
    const meter = this.#element.querySelector(`.${name}-limit meter`);
    meter.max = max;
    meter.high = max * 0.8;
    meter.value = used;
    write(this.#element, `${name}-limit .limit-text`, `${format(used)} of ${format(max)}`);
  }

  #showInstances(instances) {
    place("instances-part").hidden = instances.length < 2;
    this.#instances.update(instances, ({ id }) => id, showInstance);
  }
}

function showInstance(row, instance) {
  write(row, "id", instance.isSelf ? `${instance.id} (this one)` : instance.id);
  write(row, "version", instance.isStopping ? `${instance.version}, stopping` : instance.version);
  write(row, "uptime", formatAge(instance.uptimeSeconds));
  write(row, "connections", formatNumber(instance.connections));
  write(row, "delivered", formatNumber(instance.delivered));
  write(row, "memory", formatBytes(instance.residentBytes));
}
