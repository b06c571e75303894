/**
 * What the tests use of `Deno`, on Node and Bun. No permission is granted, so that every test ignores
 * itself that needs files, sockets or other programs of Deno.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports

type Run = (context: Context) => unknown;

interface Definition {
  readonly name: string;
  readonly ignore?: boolean;
  readonly fn: Run;
}

/** What a test gets. */
class Context {
  constructor(readonly name: string) {}

  /** Runs a part of a test. */
  async step(name: string | Definition, fn?: Run): Promise<boolean> {
    const run = typeof name === "string" ? fn! : name.fn;
    await run(new Context(typeof name === "string" ? name : name.name));
    return true;
  }
}

const tests: Definition[] = [];
const afterAll: (() => unknown)[] = [];

function test(first: string | Definition | Run, second?: Run | object, third?: Run): void {
  if (typeof first === "function") tests.push({ name: first.name, fn: first });
  else if (typeof first === "object") tests.push(first);
  else if (typeof second === "function") tests.push({ name: first, fn: second as Run });
  else tests.push({ ...second, name: first, fn: third! });
}

/** The name `Deno` of the tests. */
export const Deno = {
  test: Object.assign(test, {
    afterAll: (run: () => unknown) => afterAll.push(run),
    ignore: () => {},
  }),
  permissions: { query: () => Promise.resolve({ state: "denied" }) },
  build: { os: "linux" },
  env: { get: () => undefined },
  args: [],
  errors: {},
};

// Node has no such function.
globalThis.reportError ??= (error) => console.error(error);

// Nor has Node 22 this class.
globalThis.AsyncDisposableStack ??= class {
  readonly #resources: AsyncDisposable[] = [];

  use<T extends AsyncDisposable>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.#resources.reverse()) await resource[Symbol.asyncDispose]();
  }
} as unknown as typeof AsyncDisposableStack;

/** Runs all tests, and returns how many failed. */
export async function runTests(): Promise<number> {
  const counts = { passed: 0, failed: 0, ignored: 0 };
  for (const { name, ignore, fn } of tests) {
    if (ignore) {
      counts.ignored++;
      continue;
    }
    try {
      await within(fn(new Context(name)), 60_000);
      counts.passed++;
    } catch (error) {
      counts.failed++;
      console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  for (const run of afterAll) await run();
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.ignored} ignored`);
  return counts.failed;
}

async function within(result: unknown, ms: number): Promise<void> {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It takes longer than ${ms} ms`)), ms);
  });
  await Promise.race([result, late]);
  clearTimeout(timer);
}
