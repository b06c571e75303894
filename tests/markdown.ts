/**
 * What tests read from Markdown: its headings as GitHub names them, its links, its tables.
 *
 * @module
 */

/** Removes code: fenced blocks, and with `spans` what stands between backticks. */
function withoutCode(text: string, spans: boolean): string {
  const prose = text.replace(/^( *)(```+|~~~+)[^]*?^\1\2 *$/gm, "");
  return spans ? prose.replace(/(`+)[^`][^]*?\1/g, "") : prose;
}

/**
 * The anchors of a text's headings, as GitHub makes them: lower case, without punctuation, a hyphen
 * for each space, and `-1`, `-2` after a name that there is already.
 */
export function anchors(text: string): Set<string> {
  const names = new Set<string>();
  for (const [, heading = ""] of withoutCode(text, false).matchAll(/^#{1,6} +(.*?)[ #]*$/gm)) {
    const title = heading.replace(/!?\[([^\][]*)\]\([^()]*\)/g, "$1").toLowerCase();
    const name = title.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
    let unique = name;
    for (let i = 1; names.has(unique); i++) unique = `${name}-${i}`;
    names.add(unique);
  }
  return names;
}

/** The targets of a text's links and pictures: inline, by reference, and in HTML. */
export function links(text: string): string[] {
  const prose = withoutCode(text, true);
  return [
    ...prose.matchAll(/\]\(\s*<?([^\s()<>]*)>?(?:\s+["'(][^]*?)?\)/g),
    ...prose.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s<>]+)/gm),
    ...prose.matchAll(/<\w[^>]*\s(?:href|src)="([^"]*)"/g),
  ].map(([, target = ""]) => target);
}

/** The rows of the first table whose first cells are these, as texts without backticks. */
export function table(text: string, ...head: string[]): string[][] {
  const begin = head.map((cell) => ` *${cell} *\\|`).join("");
  const [, body = ""] = new RegExp(`^\\|${begin}.*\\n\\| *-.*\\n((?:\\|.*\\n)*)`, "m").exec(text) ??
    [];
  return body.trimEnd().split("\n")
    .map((row) => row.split("|").slice(1, -1).map((cell) => cell.replaceAll("`", "").trim()));
}
