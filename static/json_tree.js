/** JSON laid out as a tree whose objects and lists can be folded. */

/** Objects and lists are open down to this depth, unless they are long. */
const OPEN_DEPTH = 2;
const OPEN_CHILDREN = 20;

/** The children that are shown of one object or list. */
const MAX_CHILDREN = 200;

/**
 * Parses a text that is a JSON object or list.
 *
 * @returns `undefined` for any other text. A number keeps the digits that it was written with.
 */
export function parseTree(text) {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text, (_, value, context) => {
      const isExact = typeof value === "number" && context?.source !== undefined;
      return isExact ? new ExactNumber(context.source) : value;
    });
  } catch {
    // Not JSON, or nested too deeply: it is shown as a text.
    return undefined;
  }
}

/** Creates the tree of a value that {@linkcode parseTree} returned. */
export function createTree(value) {
  const tree = document.createElement("ul");
  tree.className = "tree";
  tree.append(...childrenOf(value, 1));
  return tree;
}

/** A number as it was written: JavaScript would round a long one. */
class ExactNumber {
  constructor(source) {
    this.source = source;
  }
}

function childrenOf(value, depth) {
  const pairs = Object.entries(value);
  const items = pairs.slice(0, MAX_CHILDREN).map(([key, child]) => createItem(key, child, depth));
  if (pairs.length > MAX_CHILDREN) {
    const more = document.createElement("li");
    more.textContent = `… ${pairs.length - MAX_CHILDREN} more`;
    items.push(more);
  }
  return items;
}

function createItem(key, value, depth) {
  const item = document.createElement("li");
  const size = sizeOf(value);
  if (size === 0 || size === undefined) item.append(label("key", key), " ", scalar(value));
  else item.append(createFold(key, value, { size, depth }));
  return item;
}

/** The number of children; `undefined` for a value that has none by its nature. */
function sizeOf(value) {
  if (value === null || typeof value !== "object" || value instanceof ExactNumber) return undefined;
  return Object.keys(value).length;
}

/** Creates an object or a list that can be folded; its children exist once it has been open. */
function createFold(key, value, { size, depth }) {
  const fold = document.createElement("details");
  const summary = document.createElement("summary");
  const brackets = Array.isArray(value) ? `[${size}]` : `{${size}}`;
  summary.append(label("key", key), " ", label("size", brackets));
  fold.append(summary);
  const fill = () => {
    const children = document.createElement("ul");
    children.append(...childrenOf(value, depth + 1));
    fold.append(children);
  };
  fold.open = depth <= OPEN_DEPTH && size <= OPEN_CHILDREN;
  if (fold.open) fill();
  else fold.addEventListener("toggle", fill, { once: true });
  return fold;
}

function scalar(value) {
  if (value instanceof ExactNumber) return label("number", value.source);
  if (Array.isArray(value)) return label("size", "[]");
  if (value !== null && typeof value === "object") return label("size", "{}");
  return label(typeof value === "string" ? "string" : "number", JSON.stringify(value));
}

function label(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}
