/** A chart of what happens for several reasons, and the choice of one of them. */

import { Chart } from "./charts.js";

const MAX_FIGURES = 1_000;

/** A chart in a figure that has a `select` for the reason. */
export class ReasonChart {
  #chart;
  #select;
  #label;
  #all;
  #reasonsOf;
  #valuesOf;
  #figures = [];
  #seconds = 1;
  /** How often each reason was counted in the time shown. */
  #counts = new Map();

  /**
   * `reasonsOf(figures)` returns how often a minute each reason was counted, and `valuesOf(figures)` the
   * values that are shown while no reason is chosen.
   */
  constructor(figure, { series, reasonsOf, valuesOf }) {
    this.#chart = new Chart(figure, { series, minStep: 1 });
    this.#select = figure.querySelector("select");
    this.#label = figure.querySelector("dt");
    this.#all = this.#label.textContent;
    this.#reasonsOf = reasonsOf;
    this.#valuesOf = valuesOf;
    this.#select.addEventListener("change", () => this.#choose());
    this.#select.addEventListener("focus", () => this.#offer());
  }

  /** Looks back this many minutes; figures are `seconds` apart. Forgets all figures. */
  setSpan(minutes, seconds) {
    this.clear();
    this.#seconds = seconds;
    this.#chart.setSpan(minutes, seconds);
  }

  /** Adds figures. */
  add(time, figures) {
    this.#figures.push(figures);
    this.#count(figures, 1);
    if (this.#figures.length > MAX_FIGURES) this.#count(this.#figures.shift(), -1);
    if (document.activeElement !== this.#select) this.#offer();
    this.#draw(time, figures);
  }

  /** Forgets all figures. */
  clear() {
    this.#figures = [];
    this.#counts.clear();
    this.#chart.clear();
  }

  #count(figures, sign) {
    for (const [reason, aMinute] of Object.entries(this.#reasonsOf(figures))) {
      const count = (this.#counts.get(reason) ?? 0) + sign * aMinute * this.#seconds / 60;
      this.#counts.set(reason, count);
    }
  }

  #draw(time, figures) {
    const { value: reason } = this.#select;
    if (reason === "") this.#chart.add(time, this.#valuesOf(figures));
    else this.#chart.add(time, [this.#reasonsOf(figures)[reason] ?? 0]);
  }

  #choose() {
    this.#label.textContent = this.#select.value || this.#all;
    this.#chart.clear();
    for (const figures of this.#figures) this.#draw(figures.time, figures);
  }

  /** Writes the choice anew, with the counts of each reason. */
  #offer() {
    const chosen = this.#select.value;
    const counted = [...this.#counts].map(([reason, count]) => [reason, Math.round(count)])
      .filter(([reason, count]) => count > 0 || reason === chosen)
      .sort(([a], [b]) => a < b ? -1 : 1);
    const shown = [
      ["", "All reasons"],
      ...counted.map(([reason, count]) => [reason, `${reason}: ${count}`]),
    ];
    for (const [i, [value, text]] of shown.entries()) {
      const option = this.#select.options[i] ?? this.#select.appendChild(new Option());
      if (option.value !== value || option.text === "") option.value = value;
      if (option.text !== text) option.text = text;
    }
    this.#select.length = shown.length;
    this.#select.value = chosen;
  }
}
