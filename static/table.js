/** A table whose rows stay in place while their values change, so that a button can be aimed at. */
export class Table {
  #rows = new Map();
  #body;
  #template;

  /** Its rows are copies of a template's, in `body`. */
  constructor(body, template) {
    this.#body = body;
    this.#template = template;
  }

  /**
   * Shows these items in this order: `key(item, i)` tells them apart, and is in the row's
   * `data-key`; `show(row, item)` writes one into its row.
   */
  update(items, key, show) {
    const rows = new Map();
    for (const [i, item] of items.entries()) {
      const row = this.#rows.get(key(item, i)) ?? this.#createRow(key(item, i));
      rows.set(key(item, i), row);
      show(row, item);
    }
    for (const [key, row] of this.#rows) if (!rows.has(key)) row.remove();
    this.#rows = rows;
    this.#arrange(rows.values());
  }

  #createRow(key) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.dataset.key = key;
    return row;
  }

  /** Moves only what is out of place: a row that is moved loses the focus. */
  #arrange(rows) {
    let next = this.#body.firstElementChild;
    for (const row of rows) {
      if (row === next) next = next.nextElementSibling;
      else this.#body.insertBefore(row, next);
    }
  }
}

/** Writes a text into the cell of this class. */
export function write(row, name, text) {
  const cell = row.querySelector(`.${name}`);
  if (cell.textContent !== `${text}`) cell.textContent = text;
}
