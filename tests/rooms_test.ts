import { assert, assertEquals } from "@std/assert";

const ignore = (await Deno.permissions.query({ name: "read" })).state !== "granted";
const ROOT = new URL("../", import.meta.url);

/** The rooms that the files of a room may import from, besides their own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  history: ["wire"],
  log: ["wire"],
  hub: ["history", "log", "wire"],
  client: ["wire"],
  server: ["history", "hub", "log", "wire"],
};

/**
 * What a newcomer looks for, and the file that has it: one word of the question is in the file's name.
 */
const WHERE: Readonly<Record<string, string>> = {
  "How is an event encoded?": "wire/event.ts",
  "Where is the parser?": "wire/parser.ts",
  "How are ids compared?": "wire/ids.ts",
  "Where are the control events hello, gap and reset?": "wire/control_events.ts",
  "What may a stream name be?": "wire/stream_name.ts",
  "Where is an open event response, and its end?": "wire/event_response.ts",
  "Where is liveness watched: heartbeats, stalled clients, expiry?": "wire/liveness.ts",
  "What happens to an error that a callback throws, to whom does it report?": "wire/report.ts",
  "Where is an option checked that is a number?": "wire/number_option.ts",
  "Where are problem details?": "wire/problem.ts",
  "Where is the history of a stream?": "history/history.ts",
  "How does publishing begin, where is the publisher?": "hub/publisher.ts",
  "What does a pipe publish?": "hub/pipe.ts",
  "How is a streamed body ingested?": "server/ingest_handler.ts",
  "Where are events put in sequence and flushed?": "hub/sequencer.ts",
  "Which subscribers share a chunk, what is an audience?": "hub/audience.ts",
  "What states does a subscriber have?": "hub/subscriber.ts",
  "How does a slow client catch up?": "hub/catch_up.ts",
  "What does a subscribe request ask for?": "hub/subscribe_request.ts",
  "Who waits for progress of the log?": "hub/log_progress.ts",
  "Where are the histories of several streams merged?": "hub/merged_history.ts",
  "What does stats() return?": "hub/stats.ts",
  "Which options does a hub have?": "hub/options.ts",
  "What must an event log do?": "log/event_log.ts",
  "Which entries count, what is the rule?": "log/entry_rule.ts",
  "How long are entries kept, what is the retention?": "log/retention.ts",
  "What must an entry store do?": "log/entry_store.ts",
  "Where are losses remembered?": "log/shared/losses.ts",
  "Which scripts run in Redis?": "log/redis/scripts.ts",
  "How do processes hear of each other, where is the bell?": "log/kv/bell.ts",
  "How long does the client wait, what is its backoff?": "client/backoff.ts",
  "What does the client do when the page is hidden or shown?": "client/page_events.ts",
  "How do tabs share a connection?": "client/sharing.ts",
  "Where does the client keep its last id, what may store it?": "client/id_store.ts",
  "Where are the routes?": "server/routes.ts",
  "Where is CORS?": "server/cors.ts",
  "Where is CSRF stopped?": "server/csrf.ts",
  "Where is a JWT checked?": "server/jwt.ts",
  "Who is authorized?": "server/authorize.ts",
  "Where is the session of the console?": "server/session.ts",
  "How is the body of a publish read?": "server/publish_body.ts",
  "Where are the metrics?": "server/metrics.ts",
  "Where is the rate of publishing limited?": "server/rate_limit.ts",
  "How many connections may an address have?": "server/connections.ts",
  "Where is a request logged?": "server/request_log.ts",
  "Who judges what the doctor has seen?": "server/doctor/judge.ts",
  "Which hosts are allowed?": "server/allowed_hosts.ts",
  "How does the server listen on Node, who serves there?": "server/listeners/serve_by_node.ts",
};

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

/** The files, or else packages, that a file imports, including those it re-exports. */
function imports(file: string): string[] {
  const specifiers = code(file).matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
  return [...specifiers].map(([, specifier = ""]) => {
    const { href } = new URL(specifier, new URL(file, ROOT));
    return href.startsWith(ROOT.href) && specifier.startsWith(".")
      ? href.slice(ROOT.href.length)
      : specifier;
  }).sort();
}

/** The room of a file: its folder in lib/; `undefined` for a file in no room. */
function roomOf(file: string): string | undefined {
  return /^lib\/([a-z]+)\//.exec(file)?.[1];
}

/** The imports of a file that no arrow between the rooms allows. */
function wrongImports(file: string): string[] {
  const room = roomOf(file)!;
  const allowed = [room, ...MAY_IMPORT[room]!];
  return imports(file).filter((other) => !isOfListener(file, other))
    .filter((other) => !allowed.includes(roomOf(other) ?? ""))
    .map((other) => `${file} → ${other}`);
}

/** Whether a listener of Node imports a module of Node's. */
function isOfListener(file: string, other: string): boolean {
  return file.startsWith("lib/server/listeners/") && other.startsWith("node:");
}

/** The files of lib/ whose code matches a pattern. */
function filesWith(pattern: RegExp): string[] {
  return files("lib/").filter((file) => pattern.test(code(file))).sort();
}

Deno.test({
  name: "every file of lib/ is in a room, except lib/mod.ts",
  ignore,
  fn() {
    const rooms = Map.groupBy(files("lib/"), roomOf);
    assertEquals(rooms.get(undefined), ["lib/mod.ts"]);
    rooms.delete(undefined);
    assertEquals([...rooms.keys()].sort(), Object.keys(MAY_IMPORT).sort());
  },
});

Deno.test({
  name: "every import in lib/ follows an arrow between the rooms",
  ignore,
  fn() {
    const inRooms = files("lib/").filter((file) => roomOf(file) !== undefined);
    // The server's entry point documents every type that an app exposes, such as its hub.
    assertEquals(inRooms.flatMap(wrongImports), ["lib/server/app.ts → lib/mod.ts"]);
    assert(imports("lib/hub/hub.ts").includes("lib/hub/sequencer.ts"));
    assertEquals(imports("lib/log/memory.ts").map(roomOf).includes("wire"), true);
  },
});

Deno.test({
  name: "lib/mod.ts only re-exports",
  ignore,
  fn() {
    assertEquals(code("lib/mod.ts").replace(/export [^;]*from "[^"]*";/g, "").trim(), "");
  },
});

Deno.test({
  name: "main.ts and lib/ import files of lib/ only; main.ts and the listeners also Node's modules",
  ignore,
  fn() {
    const all = [...files("lib/"), "main.ts"].flatMap((file) =>
      imports(file).filter((other) => !other.startsWith("lib/"))
        .map((other) => `${file} → ${other}`)
    );
    const mayImport = /^(?:main\.ts|lib\/server\/listeners\/\w+\.ts) → node:/;
    assertEquals(all.filter((arrow) => !mayImport.test(arrow)), []);
    assert(all.includes("main.ts → node:process"));
    assert(all.includes("lib/server/listeners/serve_by_node.ts → node:http"));
  },
});

Deno.test({
  name: "only main.ts and the npm package's tests import the listeners of Node and Bun",
  ignore,
  fn() {
    const listeners = files("lib/server/listeners/");
    const users = [...files("lib/"), "main.ts"].filter((file) =>
      !listeners.includes(file) && imports(file).some((other) => listeners.includes(other))
    );
    assertEquals(users, ["main.ts"]);
  },
});

Deno.test({
  name: "no files of lib/ import each other in a circle, types included",
  ignore,
  fn() {
    const cycles = files("lib/").filter((file) => {
      const seen = new Set<string>();
      const rest = imports(file);
      for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (next.startsWith("lib/")) rest.push(...imports(next));
      }
      return seen.has(file);
    });
    assertEquals(cycles, []);
  },
});

Deno.test({
  name: "only the KV log and static_files.ts name Deno in lib/",
  ignore,
  fn() {
    const allowed = /^lib\/(?:log\/kv(?:\/[a-z_]+)?|server\/static_files)\.ts$/;
    // Error texts may name Deno Deploy.
    const found = filesWith(/\bDeno\b(?! Deploy\b)/);
    assertEquals(found.filter((file) => !allowed.test(file)), []);
    assert(found.includes("lib/server/static_files.ts"));
  },
});

Deno.test({
  name: "lib/ reads no environment, handles no signals, and prints only what nobody else is told",
  ignore,
  fn() {
    const pattern =
      /\bDeno\s*\.\s*(?:env|exit|addSignalListener)\b|\bconsole\s*\.\s*(?:log|info|warn|error|debug)\b|\bprocess\s*\./;
    assertEquals(filesWith(pattern), ["lib/client/unheard_loss.ts", "lib/wire/report.ts"]);
    assert(pattern.test(code("main.ts")));
  },
});

Deno.test({
  name: "ARCHITECTURE.md lists every file of lib/, each once",
  ignore,
  fn() {
    const text = Deno.readTextFileSync(new URL("ARCHITECTURE.md", ROOT));
    const list = text.slice(text.indexOf("## The files"), text.indexOf("## The way of a publish"));
    const listed = [...list.matchAll(/\]\((lib\/[a-z_/]+\.ts)\)/g)].map(([, file]) => file!);
    assertEquals(listed.sort(), files("lib/").filter((file) => file !== "lib/mod.ts").sort());
  },
});

for (const [question, file] of Object.entries(WHERE)) {
  Deno.test({
    name: `the name of a file answers "${question}"`,
    ignore,
    fn() {
      assert(files("lib/").includes(`lib/${file}`), `lib/${file} is not there`);
      const words = question.toLowerCase().match(/[a-z]{3,}/g)!;
      const parts = file.replace(/^.*\//, "").replace(".ts", "").split("_");
      const isNamed = parts.some((part) => words.some((word) => sameStem(word, part)));
      assert(isNamed, `no word of the question is in ${file}`);
    },
  });
}

/** Whether two words are forms of one word: "log" and "logged", "merge" and "merged". */
function sameStem(word: string, other: string): boolean {
  const length = Math.max(Math.min(word.length, other.length) - 2, 3);
  return word.slice(0, length) === other.slice(0, length);
}

Deno.test("lib/mod.ts does nothing when it is imported", async () => {
  const before = Object.getOwnPropertyNames(globalThis);
  const { BroadcastHub, eventStream } = await import("../lib/mod.ts");
  assertEquals([typeof BroadcastHub, typeof eventStream], ["function", "function"]);
  assertEquals(Object.getOwnPropertyNames(globalThis), before);
});

Deno.test("an entry point gives what its users call, and nothing of the inside", async () => {
  assertEquals(Object.keys(await import("../lib/mod.ts")), [
    "BroadcastHub",
    "CutConnection",
    "EventParserStream",
    "HubError",
    "MemoryLog",
    "PipeError",
    "compareIds",
    "encodeComment",
    "encodeEvent",
    "eventStream",
    "eventStreamHeaders",
    "retryLater",
  ]);
  assertEquals(Object.keys(await import("../lib/client/mod.ts")), [
    "Subscription",
    "ValidationError",
    "idStore",
    "json",
    "openSubscription",
    "pageEvents",
    "pageEventsOf",
    "publish",
    "setStreams",
    "sharing",
    "subscribe",
    "validated",
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
