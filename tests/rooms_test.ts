import { assert, assertEquals } from "@std/assert";

const ignore = (await Deno.permissions.query({ name: "read" })).state !== "granted";
const ROOT = new URL("../", import.meta.url);

/** The TypeScript files of a folder and all below it, by their paths from the root. */
function files(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return files(`${folder}${name}/`);
    return name.endsWith(".ts") ? [`${folder}${name}`] : [];
  });
}

/** A file's text without its comments. */
function code(file: string): string {
  const text = Deno.readTextFileSync(new URL(file, ROOT));
  return text.replace(/\/\*[^]*?\*\//g, "").replace(/(?<=^|\s)\/\/.*$/gm, "");
}

/** The files, or else packages, that a file imports, those it re-exports included. */
function imports(file: string): string[] {
  const specifiers = code(file).matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
  return [...specifiers].map(([, specifier = ""]) => {
    const { href } = new URL(specifier, new URL(file, ROOT));
    return href.startsWith(ROOT.href) && specifier.startsWith(".")
      ? href.slice(ROOT.href.length)
      : specifier;
  }).sort();
}

/** The files of lib/ in whose code a pattern is found. */
function filesWith(pattern: RegExp): string[] {
  return files("lib/").filter((file) => pattern.test(code(file))).sort();
}

Deno.test({
  name: "the rooms are read from the files as they are",
  ignore,
  fn() {
    assert(files("lib/").length > 15);
    assertEquals(imports("lib/log/memory.ts"), ["lib/event.ts", "lib/ids.ts", "lib/log/log.ts"]);
    assert(imports("lib/mod.ts").includes("lib/hub.ts"));
    assert(code("lib/mod.ts").startsWith("\n\nexport"));
  },
});

Deno.test({
  name: "Deno is named in no file of lib/ but in those of the KV log and in static_files.ts",
  ignore,
  fn() {
    const allowed = /^lib\/(?:log\/kv(?:_[a-z_]+)?|server\/static_files)\.ts$/;
    // A text may name Deno Deploy.
    const found = filesWith(/\bDeno\b(?! Deploy\b)/);
    assertEquals(found.filter((file) => !allowed.test(file)), []);
    assert(found.includes("lib/server/static_files.ts"));
  },
});

Deno.test({
  name: "lib/ reads no environment, handles no signals, and prints only what nobody asked for",
  ignore,
  fn() {
    const pattern =
      /\bDeno\s*\.\s*(?:env|exit|addSignalListener)\b|\bconsole\s*\.\s*(?:log|info|warn|error|debug)\b|\bprocess\s*\./;
    assertEquals(filesWith(pattern), ["lib/report.ts"]);
    assert(pattern.test(code("main.ts")));
  },
});

Deno.test({
  name: "the library imports nothing from server/",
  ignore,
  fn() {
    const library = files("lib/").filter((file) => !file.startsWith("lib/server/"));
    const arrows = library.flatMap((file) =>
      imports(file).filter((other) => other.startsWith("lib/server/")).map((other) =>
        `${file} → ${other}`
      )
    );
    assertEquals(arrows, []);
  },
});

Deno.test({
  name: "lib/ and main.ts import files of lib/ only",
  ignore,
  fn() {
    const arrows = [...files("lib/"), "main.ts"].flatMap(imports);
    assertEquals(arrows.filter((other) => !other.startsWith("lib/")), []);
  },
});

Deno.test({
  name: "event.ts stands on nothing, parser.ts on the check of its options, history.ts on events",
  ignore,
  fn() {
    for (
      const file of [
        "lib/event.ts",
        "lib/number_option.ts",
        "lib/first_index.ts",
        "lib/background_timer.ts",
      ]
    ) {
      assertEquals(imports(file), [], file);
    }
    assertEquals(imports("lib/parser.ts"), ["lib/check_options.ts"]);
    assertEquals(imports("lib/check_options.ts"), ["lib/number_option.ts"]);
    assertEquals(imports("lib/history.ts"), [
      "lib/event.ts",
      "lib/first_index.ts",
      "lib/history_reader.ts",
      "lib/ids.ts",
      "lib/slab.ts",
    ]);
    assertEquals(imports("lib/history_reader.ts"), ["lib/first_index.ts", "lib/slab.ts"]);
    assertEquals(imports("lib/slab.ts"), ["lib/event.ts", "lib/first_index.ts", "lib/ids.ts"]);
    assertEquals(imports("lib/ids.ts"), ["lib/event.ts"]);
  },
});

Deno.test({
  name: "the files below the hub don't import it",
  ignore,
  fn() {
    const below = [
      "event_stream",
      "event_response",
      "audience",
      "stream",
      "streams",
      "stats",
      "log/log",
      "log/memory",
    ];
    for (const name of below) {
      assertEquals(imports(`lib/${name}.ts`).includes("lib/hub.ts"), false, name);
    }
  },
});

Deno.test("lib/mod.ts does nothing when it is imported", async () => {
  const before = Object.getOwnPropertyNames(globalThis);
  const { BroadcastHub, eventStream } = await import("../lib/mod.ts");
  assertEquals([typeof BroadcastHub, typeof eventStream], ["function", "function"]);
  assertEquals(Object.getOwnPropertyNames(globalThis), before);
});

Deno.test("an entry point gives what its users call, and nothing of the inside", async () => {
  assertEquals(Object.keys(await import("../lib/mod.ts")), [
    "BroadcastHub",
    "EventParserStream",
    "HubError",
    "MemoryLog",
    "compareIds",
    "encodeComment",
    "encodeEvent",
    "eventStream",
    "eventStreamHeaders",
    "retryLater",
  ]);
  assertEquals(Object.keys(await import("../lib/log/mod.ts")), [
    "EpochError",
    "FORMAT",
    "MemoryLog",
    "SharedLog",
    "checkFormat",
    "compareIds",
    "encodeEndRecord",
    "encodeEntry",
    "randomEpoch",
  ]);
});

Deno.test({
  name:
    "deno task docs checks each entry point by itself, and what is published has all their files",
  ignore,
  async fn() {
    const { exports, tasks, publish } = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", ROOT)),
    );
    const entries = Object.values<string>(exports).map((path) => path.slice("./".length)).sort();
    const checks: string[] = tasks.docs.command.split(" && ");
    assertEquals(checks.sort(), entries.map((path) => `deno doc --lint ${path}`).sort());
    const needed = [...entries, ...entries.flatMap(imports)].filter((path) => /^\w+\//.test(path));
    const isPublished = (path: string) =>
      publish.include.some((part: string) => path.startsWith(part));
    assertEquals(needed.filter((path) => !isPublished(path)), []);
    assert(needed.includes("tests/wait.ts"));
  },
});
