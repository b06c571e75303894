/**
 * Finds out how much work a regular expression can be made to do: a backtracking matcher that counts its
 * steps, and texts that make it take many.
 *
 * It understands the syntax that this repository uses: characters, classes, groups, alternatives,
 * quantifiers, `^`, `$` and lookarounds.
 *
 * @module
 */

/** A part of a pattern. */
type Part =
  | { readonly kind: "character"; readonly matches: (character: string) => boolean }
  | { readonly kind: "edge"; readonly at: "^" | "$" }
  | {
    readonly kind: "look";
    readonly isBehind: boolean;
    readonly isNot: boolean;
    readonly of: Part;
  }
  | { readonly kind: "repeat"; readonly of: Part; readonly min: number; readonly max: number }
  | { readonly kind: "sequence" | "choice"; readonly of: readonly Part[] };

/** The regular expressions in a file's code; where one is made of a template, `9` replaces each value. */
export function patternsOf(code: string): RegExp[] {
  const found: RegExp[] = [];
  for (const [token] of code.replace(/^#!.*/, "").matchAll(TOKEN)) {
    const [, made] = /^new RegExp\(`([^`]*)`\)/.exec(token) ?? [];
    const [, source, flags] = /^[^/]*\/(?![/*])(.+)\/([a-z]*)$/.exec(token) ?? [];
    if (made !== undefined) found.push(new RegExp(made.replaceAll(/\$\{[^{}]*\}/g, "9")));
    else if (source !== undefined) found.push(new RegExp(source, flags));
  }
  return found;
}

// Skips comments, strings and templates, except for the code between ${ and }.
const TOKEN = new RegExp(
  [
    /\/\/[^\n]*/,
    /\/\*[^]*?\*\//,
    /"(?:\\.|[^"\\\n])*"/,
    /'(?:\\.|[^'\\\n])*'/,
    /new RegExp\(`[^`]*`\)/,
    /(?:[(,=:[!&|?{};>]|\breturn|\bcase)\s*\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/,
  ].map(({ source }) => source).join("|"),
  "g",
);

/** A text that makes a pattern do more than linear work, or `undefined` if none was found. */
export function findCostlyText(pattern: RegExp): string | undefined {
  const part = parse(pattern);
  const characters = new Set(`${pattern.source.replaceAll(/\\[a-z]/g, "")}ax0 \n\0é`);
  const alphabet = oneOfEachKind(part, [...characters]);
  const pumps = [...alphabet, ...alphabet.flatMap((a) => alphabet.map((b) => a + b))];
  const starts = [...new Set(startsOf(part, "", alphabet))];
  for (const start of [...starts, ...starts.map((start) => `\0${start}`)]) {
    for (const pump of pumps) {
      for (const end of pump.length === 1 ? ["", ...alphabet] : ["", "\0", "\n"]) {
        const text = (times: number) => start + pump.repeat(times) + end;
        const few = countSteps(part, text(FEW), pattern, MAX_STEPS);
        if (few > MAX_STEPS) return text(FEW);
        const limit = 12 * few + 200;
        if (countSteps(part, text(8 * FEW), pattern, limit) > limit) return text(FEW);
      }
    }
  }
  return undefined;
}

const FEW = 16;
const MAX_STEPS = 20_000;

/**
 * The number of steps of a search, or of all searches for a global pattern. Stops counting just above the
 * limit.
 */
function countSteps(
  part: Part,
  text: string,
  { flags }: RegExp,
  limit: number,
): number {
  let steps = 0;

  function match(part: Part, at: number, by: 1 | -1, next: (at: number) => boolean): boolean {
    if (++steps > limit) return true;
    switch (part.kind) {
      case "character": {
        const character = text[by === 1 ? at : at - 1];
        return character !== undefined && part.matches(character) && next(at + by);
      }
      case "edge":
        return at === (part.at === "^" ? 0 : text.length) && next(at);
      case "look":
        return match(part.of, at, part.isBehind ? -1 : 1, () => true) !== part.isNot && next(at);
      case "choice":
        return part.of.some((choice) => match(choice, at, by, next));
      case "repeat":
        return repeat(part, 0, at, by, next);
      case "sequence":
        return sequence(by === 1 ? part.of : part.of.toReversed(), 0, at, by, next);
    }
  }

  function repeat(
    part: Part & { kind: "repeat" },
    count: number,
    at: number,
    by: 1 | -1,
    next: (at: number) => boolean,
  ): boolean {
    const again = (then: number) => then !== at && repeat(part, count + 1, then, by, next);
    if (count < part.max && match(part.of, at, by, again)) return true;
    return count >= part.min && next(at);
  }

  function sequence(
    parts: readonly Part[],
    index: number,
    at: number,
    by: 1 | -1,
    next: (at: number) => boolean,
  ): boolean {
    const part = parts[index];
    return part
      ? match(part, at, by, (then) => sequence(parts, index + 1, then, by, next))
      : next(at);
  }

  for (let at = 0, end = at; at <= text.length; at = Math.max(at + 1, end)) {
    const isFound = match(part, at, 1, (then) => {
      end = then;
      return true;
    });
    if (flags.includes("y") || isFound && !flags.includes("g") || steps > limit) return steps;
  }
  return steps;
}

/** One of all those characters that every part of a pattern treats alike. */
function oneOfEachKind(part: Part, characters: readonly string[]): string[] {
  const parts = [...charactersOf(part)];
  const kindOf = (character: string) => parts.map(({ matches }) => +matches(character)).join("");
  return [...Map.groupBy(characters, kindOf).values()].map(([first]) => first!);
}

function* charactersOf(part: Part): Generator<Part & { kind: "character" }> {
  if (part.kind === "character") yield part;
  else if (part.kind === "sequence" || part.kind === "choice") {
    for (const each of part.of) yield* charactersOf(each);
  } else if (part.kind === "repeat" || part.kind === "look") yield* charactersOf(part.of);
}

/** The texts that lead a match to each of its quantifiers without an upper bound. */
function* startsOf(part: Part, start: string, alphabet: readonly string[]): Generator<string> {
  if (part.kind === "repeat") {
    if (part.max === Infinity) yield start;
    yield* startsOf(part.of, start, alphabet);
  } else if (part.kind === "look") yield* startsOf(part.of, start, alphabet);
  else if (part.kind === "choice") {
    for (const choice of part.of) yield* startsOf(choice, start, alphabet);
  } else if (part.kind === "sequence") {
    for (const each of part.of) {
      yield* startsOf(each, start, alphabet);
      start += shortest(each, alphabet);
    }
  }
}

/** A text that a part matches, usually a shortest one. */
function shortest(part: Part, alphabet: readonly string[]): string {
  switch (part.kind) {
    case "character":
      return alphabet.find(part.matches) ?? "";
    case "choice":
      return shortest(part.of[0]!, alphabet);
    case "sequence":
      return part.of.map((each) => shortest(each, alphabet)).join("");
    case "repeat":
      return shortest(part.of, alphabet).repeat(part.min);
    default:
      return "";
  }
}

function parse({ source, flags }: RegExp): Part {
  let rest = source;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(rest);
    if (found) rest = rest.slice(found[0].length);
    return found;
  };

  function choice(): Part {
    const of = [sequence()];
    while (take(/^\|/)) of.push(sequence());
    return of.length === 1 ? of[0]! : { kind: "choice", of };
  }

  function sequence(): Part {
    const of: Part[] = [];
    while (rest !== "" && !/^[|)]/.test(rest)) of.push(quantified());
    return { kind: "sequence", of };
  }

  function quantified(): Part {
    const of = atom();
    const [found, low, comma, high] = take(/^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/) ?? [];
    if (found === undefined) return of;
    if (low === undefined) {
      return {
        kind: "repeat",
        of,
        min: Number(found[0] === "+"),
        max: found[0] === "?" ? 1 : Infinity,
      };
    }
    const max = comma === "" ? Number(low) : high === "" ? Infinity : Number(high);
    return { kind: "repeat", of, min: Number(low), max };
  }

  function atom(): Part {
    const [edge] = take(/^[\^$]/) ?? [];
    if (edge === "^" || edge === "$") return { kind: "edge", at: edge };
    const open = take(/^\((?:\?(:|<?[=!]))?/);
    if (open) {
      const [, look = ":"] = open;
      const of = choice();
      take(/^\)/);
      return look === ":"
        ? of
        : { kind: "look", isBehind: look.startsWith("<"), isNot: look.endsWith("!"), of };
    }
    const [character] = take(/^(?:\\u[0-9a-f]{4}|\\.|\[(?:\\.|[^\]\\])*\]|[^])/) ?? [];
    const one = new RegExp(`^(?:${character})$`, flags.replaceAll(/[gy]/g, ""));
    return { kind: "character", matches: (text) => one.test(text) };
  }
  return choice();
}
