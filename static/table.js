/** A table whose rows stay in place while their values change, so that buttons don't move. */
export class Table {
  #rows = new Map();
  #body;
  #template;

  /** The rows are copies of the row in `template`, and are placed in `body`. */
  constructor(body, template) {
    this.#body = body;
    this.#template = template;
  }

  /**
   * Shows these items in this order. `key(item, i)` identifies an item, and becomes its row's
   * `data-key`; `show(row, item)` writes an item into its row.
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

  /** Moves only rows that are out of place: a row that is moved loses the focus. */
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
