import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { isRedisMissing, RedisServer } from "../log/redis_server.ts";
import { freePort, isMissing, lacks, Program } from "../program.ts";
import { VERSION } from "../../lib/server/version.ts";
import { JwksServer } from "../server/jwks_server.ts";
import { issuerKey } from "../server/jwt_support.ts";
import { get, testApp } from "../server/support.ts";
import { FILES } from "./proxies.ts";

const ROOT = new URL("../../", import.meta.url);
const ignore = await lacks("net", "run", "read", "write") || Deno.build.os === "windows";
const lacksPromtool = ignore || await isMissing("/usr/bin/promtool");

/** A file of the repository, or of `files/`. */
function read(path: string, folder = ROOT): Promise<string> {
  return Deno.readTextFile(new URL(path, folder));
}

/** Runs Deno in a folder with these arguments until it listens, then ends it. */
async function listens(cwd: URL | string, args: string[], env: Record<string, string>) {
  await using server = new Program(Deno.execPath(), { args, cwd, env: { NO_COLOR: "1", ...env } });
  const line = await server.stdout.line("Listening on ");
  const response = await fetch(new URL("/readyz", line.split(" ")[2]));
  assertEquals(await response.text(), "ok\n");
  server.kill("SIGTERM");
  assertEquals([await server.exitCode(), server.stderr.all], [0, []]);
}

Deno.test({
  name: "sse-hub.service grants every permission that the server needs",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const port = `${freePort()}`;
    const unit = (await read("sse-hub.service", FILES))
      .replaceAll("/var/lib/sse-hub", folder).replaceAll(":8080", `:${port}`);
    const [, command = ""] = /^ExecStart=\S+ (.*)$/m.exec(unit)!;
    const settings = Array.from(unit.matchAll(/^Environment=(.*)$/gm), ([, line]) => line!);
    const env = Object.fromEntries(settings.join(" ").split(" ").map((pair) => pair.split("=")));
    assertEquals([env.EVENT_LOG, env.HOST], ["kv", "127.0.0.1"]);
    await listens(ROOT, command.split(" "), { ...env, PORT: port });
    assert((await Deno.stat(`${folder}/hub.sqlite`)).isFile);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "sse-hub.service is a unit that systemd accepts",
  ignore: ignore || await isMissing("/usr/bin/systemd-analyze"),
  async fn() {
    const folder = await Deno.makeTempDir();
    const unit = (await read("sse-hub.service", FILES))
      .replace("/usr/local/bin/deno", Deno.execPath()).replace("/opt/sse-hub", folder);
    await Deno.writeTextFile(`${folder}/sse-hub.service`, unit);
    const { code, stderr } = await run("/usr/bin/systemd-analyze", [
      "verify",
      `${folder}/sse-hub.service`,
    ]);
    // A machine's own units may have faults, which are printed as well.
    assertEquals([code, stderr.split("\n").filter((line) => line.includes(folder))], [0, []]);
    await Deno.remove(folder, { recursive: true });
  },
});

/** Runs a program to its end. */
async function run(command: string, args: string[], cwd?: string) {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, ...cwd && { cwd } })
    .output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Copies a file, or a folder with everything in it. */
async function copy(from: URL, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) {
    await copy(new URL(`${from}/${name}`), `${to}/${name}`);
  }
}

/** The arguments of Deno in the Dockerfile. */
async function imageArguments(): Promise<string[]> {
  return JSON.parse(/^CMD (\[.*\])$/m.exec(await read("Dockerfile"))![1]!);
}

/** The arguments of Deno in compose.yaml. */
async function composeArguments(): Promise<string[]> {
  const [, list = ""] = /^ {4}command:\n((?: {6}- .*\n)+)/m.exec(await read("compose.yaml"))!;
  return Array.from(list.matchAll(/- (.*)/g), ([, argument]) => argument!);
}

Deno.test({
  name: "Dockerfile builds an image with every file and permission that the server needs",
  ignore,
  async fn() {
    const image = await Deno.makeTempDir();
    const port = `${freePort()}`;
    const env = { DENO_DIR: `${image}/cache`, NO_COLOR: "1" };
    for (const [, path = ""] of (await read(".dockerignore")).matchAll(/^!(.*)$/gm)) {
      await copy(new URL(path, ROOT), `${image}/${path}`);
    }
    const [, step = ""] = /^RUN deno (cache .*) \$PACKAGES$/m.exec(await read("Dockerfile"))!;
    const build = new Deno.Command(Deno.execPath(), { args: step.split(" "), cwd: image, env });
    const { code, stderr } = await build.output();
    assertEquals([code, /Download/.test(new TextDecoder().decode(stderr))], [0, false]);
    const args = (await imageArguments()).map((it) => it.replace(":8080", `:${port}`));
    await listens(image, args, { ...env, PORT: port, DRAIN_SECONDS: "0" });
    await Deno.remove(image, { recursive: true });
  },
});

Deno.test({
  name: "Dockerfile starts the server as deno task start does, and reaches only its own port",
  ignore: await lacks("read"),
  async fn() {
    const { start } = JSON.parse(await read("deno.json")).tasks;
    const args = await imageArguments();
    assertEquals(
      ["deno", ...args].join(" ").replace("--allow-net=0.0.0.0:8080", "--allow-net"),
      start.command,
    );
    assertMatch(await read("Dockerfile"), /^EXPOSE 8080$/m);
  },
});

Deno.test({
  name: "compose.yaml starts the server as the Dockerfile does, with the way to Redis",
  ignore: await lacks("read"),
  async fn() {
    const args = (await composeArguments()).map((it) => it.replace(",redis:6379", ""));
    assertEquals(args, await imageArguments());
    const [, used] = /"(npm:@redis\/client@[\d.]+)"/.exec(await read("lib/log/redis/client.ts"))!;
    const [, built] = /PACKAGES: (\S+)/.exec(await read("compose.yaml"))!;
    assertEquals(built, used);
  },
});

Deno.test({
  name: "compose.yaml grants the server what it needs for events in Redis",
  ignore: ignore || isRedisMissing,
  async fn() {
    await using redis = await RedisServer.start();
    const port = `${freePort()}`;
    const toHere = (text: string) =>
      text.replace("redis:6379", redis.address).replace(":8080", `:${port}`);
    const [, url = ""] = /REDIS_URL: (\S+)/.exec(await read("compose.yaml"))!;
    const args = (await composeArguments()).map(toHere);
    const { HOME = "" } = Deno.env.toObject();
    const env = { EVENT_LOG: "redis", REDIS_URL: toHere(url), PORT: port, HOME };
    await listens(ROOT, args, { ...env, DRAIN_SECONDS: "0" });
  },
});

/** The metrics of a server that has all of them. */
async function allMetrics(): Promise<string> {
  const PUBLISH_TOKEN = "a-token-for-these-tests";
  const folder = await Deno.makeTempDir();
  await using jwks = new JwksServer([(await issuerKey("ES256")).jwk]);
  const settings = {
    PUBLISH_TOKEN,
    EVENT_LOG: "kv",
    KV_PATH: `${folder}/hub.sqlite`,
    JWKS_URL: jwks.url,
  };
  const stats = { residentBytes: 1, heapBytes: 2, cpuSeconds: 3.5, startedAtSeconds: 1.75e9 };
  await using app = testApp(settings, new Map(), { processStats: () => stats });
  await app.hub.ready;
  await app.log.line("JWT keys changed");
  const headers = { authorization: `Bearer ${PUBLISH_TOKEN}` };
  const text = await (await app.fetch(get("/metrics", { headers }))).text();
  await app.close();
  await Deno.remove(folder, { recursive: true });
  return text;
}

/** The names of the metrics that a server writes, with those of the parts of histograms. */
async function metricNames(): Promise<Set<string>> {
  const text = await allMetrics();
  return new Set(Array.from(text.matchAll(/^(\w+)(?=[{ ])/gm), ([name]) => name));
}

/** Imports a package; `undefined` if npm can't be reached. */
// deno-lint-ignore no-explicit-any -- the package is not there while types are checked
async function fromNpm(specifier: string): Promise<any> {
  return await import(specifier).catch(() => undefined);
}

const prometheusText = await fromNpm("npm:parse-prometheus-text-format@1.1.1");
const promQl = await fromNpm("npm:@prometheus-io/lezer-promql@0.315.0");
const yaml = await fromNpm("npm:yaml@2.9.1");

Deno.test({
  name: "/metrics is read by a parser of Prometheus' format as it was written",
  ignore: ignore || prometheusText === undefined,
  async fn() {
    const text = await allMetrics();
    const families: { name: string; type: string; metrics: object[] }[] = prometheusText
      .default(text);
    const written = Array.from(text.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, ...pair]) => pair);
    assertEquals(
      families.map(({ name, type }) => `${name} ${type.toLowerCase()}`).sort(),
      written.map((pair) => pair.join(" ")).sort(),
    );
    const of = (name: string) => families.find((family) => family.name === name)!.metrics;
    assertEquals(of("process_cpu_seconds_total"), [{ value: "3.5" }]);
    assertEquals(of("sse_build_info"), [
      { value: "1", labels: { version: VERSION, runtime: navigator.userAgent } },
    ]);
    assertEquals(of("sse_limit")[0], {
      value: "10000",
      labels: { setting: "max_connections" },
    });
  },
});

Deno.test({
  name: "/metrics is accepted by promtool, which also knows how metrics should be called",
  ignore: lacksPromtool,
  async fn() {
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, await allMetrics());
    const { code, stdout, stderr } = await run("/bin/sh", [
      "-c",
      'exec /usr/bin/promtool check metrics < "$0"',
      file,
    ]);
    assertEquals([code, stdout, stderr], [0, "", ""]);
    await Deno.remove(file);
  },
});

/** Why PromQL's grammar rejects an expression; `undefined` if it accepts it. */
function promQlFault(expression: string): string | undefined {
  const text = expression.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "1h");
  let fault: string | undefined;
  promQl.parser.parse(text).iterate({
    enter({ type, from }: { type: { isError: boolean }; from: number }) {
      if (type.isError) fault ??= `at ${from} of ${text}`;
    },
  });
  return fault;
}

Deno.test({
  name: "sse-hub.dashboard.json and sse-hub.rules.yml have expressions of PromQL only",
  ignore: ignore || promQl === undefined || yaml === undefined,
  async fn() {
    const { panels } = JSON.parse(await read("sse-hub.dashboard.json", FILES));
    const { groups } = yaml.parse(await read("sse-hub.rules.yml", FILES));
    const shown: { expr: string }[] = panels.flatMap((panel: { targets: unknown }) =>
      panel.targets
    );
    const watched: { expr: string }[] = groups.flatMap((group: { rules: unknown }) => group.rules);
    const all = [...shown, ...watched].map(({ expr }) => expr);
    assertGreater(all.length, 40);
    assertEquals(all.map(promQlFault).filter((fault) => fault !== undefined), []);
    assertMatch(promQlFault("sum by (instance rate(a[$__range]")!, /^at /);
  },
});

/** The metrics in an expression. */
function metricsIn(expression: string): string[] {
  return expression.match(/\b(?:sse|process)_\w+/g) ?? [];
}

Deno.test({
  name: "sse-hub.dashboard.json and sse-hub.rules.yml ask for metrics that the server writes",
  ignore,
  async fn() {
    const names = await metricNames();
    const { panels } = JSON.parse(await read("sse-hub.dashboard.json", FILES));
    const targets: { expr: string }[] = panels.flatMap((panel: { targets: unknown }) =>
      panel.targets
    );
    const shown = targets.flatMap(({ expr }) => metricsIn(expr));
    const watched = metricsIn(await read("sse-hub.rules.yml", FILES));
    assertGreater(Math.min(shown.length, watched.length), 5);
    assertEquals([...shown, ...watched].filter((name) => !names.has(name)), []);
    // The dashboard leaves out no metric.
    const families = new Set([...names].map((name) => name.replace(/_(?:bucket|sum|count)$/, "")));
    const missing = [...families].filter((name) => !shown.some((it) => it.startsWith(name)));
    assertEquals(missing, []);
  },
});

Deno.test({
  name: "sse-hub.dashboard.json has panels that neither overlap nor share an id",
  ignore: await lacks("read"),
  async fn() {
    const { panels } = JSON.parse(await read("sse-hub.dashboard.json", FILES));
    const fields = new Set<string>();
    for (const { gridPos: { x, y, w, h } } of panels) {
      for (let i = 0; i < w * h; i++) fields.add(`${x + i % w} ${y + Math.floor(i / w)}`);
    }
    const area = panels.reduce(
      (sum: number, { gridPos: { w, h } }: { gridPos: { w: number; h: number } }) => sum + w * h,
      0,
    );
    assertEquals(fields.size, area);
    assertEquals(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length);
  },
});

Deno.test({
  name: "prometheus.yml and the rules that it names are accepted by Prometheus",
  ignore: lacksPromtool,
  async fn() {
    const folder = await Deno.makeTempDir();
    const config = (await read("prometheus.yml", FILES))
      .replace("/etc/prometheus/sse-hub.token", `${folder}/token`);
    await Deno.writeTextFile(`${folder}/token`, "x");
    await Deno.writeTextFile(`${folder}/prometheus.yml`, config);
    await Deno.copyFile(new URL("sse-hub.rules.yml", FILES), `${folder}/sse-hub.rules.yml`);
    const { code, stdout } = await run("/usr/bin/promtool", [
      "check",
      "config",
      `${folder}/prometheus.yml`,
    ]);
    assertMatch(stdout, /SUCCESS: 13 rules found/);
    assertEquals(code, 0);
    await Deno.remove(folder, { recursive: true });
  },
});

/** Series of samples, one a minute, that make each alert fire within 40 minutes. */
const FIRING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SseHubDown: { 'up{job="sse-hub",instance="a"}': "0x60" },
  SseHubEventLogUnreachable: { 'sse_log_up{instance="a"}': "0x60" },
  SseHubEventLogLags: {
    'sse_log_up{instance="a"}': "1x60",
    'sse_log_lag_seconds{instance="a"}': "20x60",
  },
  SseHubDeliversLate: {
    'sse_publish_latency_seconds_bucket{instance="a",le="1"}': "0x60",
    'sse_publish_latency_seconds_bucket{instance="a",le="5"}': "0+100x60",
    'sse_publish_latency_seconds_bucket{instance="a",le="+Inf"}': "0+100x60",
  },
  SseHubFull: {
    'sse_connections_refused_total{instance="a",reason="max_connections"}': "0+10x60",
  },
  SseHubLosesEvents: { 'sse_gaps_total{instance="a"}': "0+60x60" },
  SseHubStalledClients: {
    'sse_connections_ended_total{instance="a",shape="hub",reason="slow"}': "0+10x60",
    'sse_connections_ended_total{instance="a",shape="hub",reason="stalled"}': "0+10x60",
    'sse_connections_total{instance="a",shape="hub"}': "0+100x60",
  },
  SseHubDropsLogLines: { 'sse_log_lines_dropped_total{instance="a"}': "0+1x60" },
  SseHubNearlyFull: {
    'sse_connections{instance="a",shape="hub"}': "95x60",
    'sse_limit{instance="a",setting="max_connections"}': "100x60",
  },
  SseHubKeysMissing: { 'sse_jwks_keys{instance="a"}': "0x60" },
  SseHubKeysOld: { 'sse_jwks_age_seconds{instance="a"}': "4000x60" },
  SseHubOutOfCpu: { 'process_cpu_seconds_total{instance="a"}': "0+58x60" },
  SseHubRestarts: { 'process_start_time_seconds{instance="a"}': "0+600x60" },
};

Deno.test({
  name: "sse-hub.rules.yml has alerts that each fire when they should, and not on a quiet server",
  ignore: lacksPromtool,
  async fn() {
    const rules = await read("sse-hub.rules.yml", FILES);
    const alerts = Array.from(rules.matchAll(/alert: (\w+)/g), ([, name]) => name!);
    assertEquals(Object.keys(FIRING), alerts);
    const series = (all: Readonly<Record<string, string>>) =>
      Object.entries(all).map(([series, values]) => ({ series, values }));
    const quiet = Object.fromEntries(
      Object.values(FIRING).flatMap((all) => Object.keys(all))
        .map((name) => [name, /log_up|^up|jwks_keys|limit/.test(name) ? "1x60" : "0x60"]),
    );
    const isFiring = (name: string, value: number) => ({
      expr: `count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)`,
      eval_time: "40m",
      exp_samples: [{ labels: "{}", value }],
    });
    const tests = alerts.flatMap((name) => [
      {
        interval: "1m",
        input_series: series(FIRING[name]!),
        promql_expr_test: [isFiring(name, 1)],
      },
      { interval: "1m", input_series: series(quiet), promql_expr_test: [isFiring(name, 0)] },
    ]);
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/rules.yml`, rules);
    const text = JSON.stringify({ rule_files: ["rules.yml"], evaluation_interval: "1m", tests });
    await Deno.writeTextFile(`${folder}/tests.yml`, text);
    const { code, stderr } = await run("/usr/bin/promtool", ["test", "rules", "tests.yml"], folder);
    assertEquals([code, stderr], [0, ""]);
    await Deno.remove(folder, { recursive: true });
  },
});
