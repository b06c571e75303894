/**
 * How the processes of the bench talk: a line of JSON in, a line of JSON out.
 *
 * @module
 */

/** A question or an answer. */
// deno-lint-ignore no-explicit-any -- both ends are in this folder
export type Line = Record<string, any>;

/**
 * Answers the questions on stdin, one after the other, until stdin ends; then ends the process.
 *
 * @param first A line that is sent before the first question.
 * @param answers The functions that answer, by the `ask` of the question.
 */
export async function answerLines(
  first: Line,
  answers: Record<string, (question: Line) => Line | Promise<Line>>,
): Promise<void> {
  say(first);
  for await (const question of readLines(Deno.stdin.readable)) {
    try {
      say(await answers[question["ask"]]!(question));
    } catch (error) {
      say({ error: `${error}` });
    }
  }
  Deno.exit(0);
}

/** Reads lines of JSON. */
export async function* readLines(readable: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  let rest = "";
  for await (const text of readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}

function say(line: Line): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}
