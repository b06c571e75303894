/**
 * Finds where a text stops being JSON. `JSON.parse()` says it in words of its own on each runtime, for
 * some faults without a place, and repeats the text.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8259 RFC 8259}
 *
 * @module
 */

/** The first fault of a text. */
export interface JsonFault {
  /** The line of the fault; the first is 1. */
  readonly line: number;
  /** The character of the line; the first is 1. */
  readonly column: number;
  /** What would be right there. */
  readonly expected: string;
  /** The character that is there; `undefined` at the end of the text. */
  readonly found: string | undefined;
}

/** Finds the first fault; `undefined` if the text is JSON. Takes time in proportion to the text. */
export function findJsonFault(text: string): JsonFault | undefined {
  const scanner = new Scanner(text);
  const expected = scanner.scan();
  if (expected === undefined) return undefined;
  const { index } = scanner;
  const lineStart = text.lastIndexOf("\n", index - 1) + 1;
  const point = text.codePointAt(index);
  return {
    line: index === 0 ? 1 : text.slice(0, index).split("\n").length,
    column: index === 0 ? 1 : [...text.slice(lineStart, index)].length + 1,
    expected,
    found: point === undefined ? undefined : String.fromCodePoint(point),
  };
}

/** What may come next; `afterValue` is a comma or the end of what the value is in. */
type State = "value" | "valueOrEnd" | "key" | "keyOrEnd" | "colon" | "afterValue";

/** Reads JSON without recursion, since a text can be nested as deep as it is long. */
class Scanner {
  /** Where it has come to; after a fault, where the fault is. */
  index = 0;
  readonly #text: string;
  /** For each open array or object, what closes it. */
  readonly #open: ("]" | "}")[] = [];
  #state: State = "value";

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads to the first fault, and returns what would be right there; `undefined` if there is none. */
  scan(): string | undefined {
    for (;;) {
      this.#skipSpace();
      if (this.#state === "afterValue" && this.#open.length === 0) {
        return this.index === this.#text.length ? undefined : "nothing more";
      }
      const expected = this.#step();
      if (expected !== undefined) return expected;
    }
  }

  #step(): string | undefined {
    const character = this.#text[this.index];
    switch (this.#state) {
      case "colon":
        return this.#take(":", "value") ? undefined : ":";
      case "afterValue": {
        const end = this.#open.at(-1)!;
        if (character === end) return this.#close();
        return this.#take(",", end === "]" ? "value" : "key") ? undefined : `, or ${end}`;
      }
      case "key":
      case "keyOrEnd":
        if (character === "}" && this.#state === "keyOrEnd") return this.#close();
        if (character === '"') return this.#string("colon");
        return `a name in double quotes${this.#state === "keyOrEnd" ? " or }" : ""}`;
      case "value":
      case "valueOrEnd":
        if (character === "]" && this.#state === "valueOrEnd") return this.#close();
        return this.#value(character);
    }
  }

  #value(character: string | undefined): string | undefined {
    if (character === '"') return this.#string("afterValue");
    if (character === "[" || character === "{") {
      this.#open.push(character === "[" ? "]" : "}");
      this.index++;
      this.#state = character === "[" ? "valueOrEnd" : "keyOrEnd";
      return undefined;
    }
    SCALAR.lastIndex = this.index;
    const [scalar] = SCALAR.exec(this.#text) ?? [];
    if (scalar === undefined) return "a JSON value";
    this.index += scalar.length;
    this.#state = "afterValue";
    return undefined;
  }

  #string(next: State): string | undefined {
    for (this.index++; this.index < this.#text.length; this.index++) {
      const code = this.#text.charCodeAt(this.index);
      if (code === QUOTE) {
        this.index++;
        this.#state = next;
        return undefined;
      }
      if (code < SPACE) return "an escape such as \\n for a control character";
      if (code !== BACKSLASH) continue;
      ESCAPE.lastIndex = this.index;
      const [escape] = ESCAPE.exec(this.#text) ?? [];
      if (escape === undefined) return 'an escape such as \\n, \\" or \\\\';
      this.index += escape.length - 1;
    }
    return 'a " at the end of the string';
  }

  #take(character: string, next: State): boolean {
    if (this.#text[this.index] !== character) return false;
    this.index++;
    this.#state = next;
    return true;
  }

  #close(): undefined {
    this.#open.pop();
    this.index++;
    this.#state = "afterValue";
  }

  #skipSpace(): void {
    while (SPACES.has(this.#text.charCodeAt(this.index))) this.index++;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const SPACES: ReadonlySet<number> = new Set([SPACE, 0x09, 0x0a, 0x0d]);
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
