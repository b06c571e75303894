import { assert, assertEquals, assertMatch } from "@std/assert";
import { judge } from "../../../lib/server/doctor/judge.ts";
import { COMMAND_WAYS } from "../../../lib/server/doctor_command.ts";
import type {
  Answer,
  Arrival,
  Finding,
  Observations,
  Watched,
} from "../../../lib/server/doctor/observations.ts";

const HEAD: Answer = {
  status: 200,
  headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  tookMs: 10,
};
const NO_ANSWER = { status: undefined, headers: {}, tookMs: 10_000, error: "timeout" };

function watched(more: Partial<Watched> = {}): Watched {
  return {
    ...HEAD,
    firstByteMs: 11,
    arrivals: [{ atMs: 11, event: "message", data: "a", id: "1" }, { atMs: 9_000 }],
    longestSilenceMs: 9_000,
    lastSilenceMs: 5_000,
    end: "open",
    endMs: 20_000,
    ...more,
  };
}

function refusal(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, tookMs: 5 };
}

/** What is observed of a stream without any fault. */
const GOOD: Observations = {
  url: "https://events.example/sse",
  ways: COMMAND_WAYS,
  hasCredentials: true,
  protocol: "h2",
  watched: watched(),
  uncompressed: undefined,
  published: [],
  resumed: { fromId: "1", expectedId: "2", watched: watched({ arrivals: [arrival(5, "2")] }) },
  unauthorized: refusal(401),
  notFound: refusal(404, { server: "nginx/1.22.1" }),
  crowd: { tried: 8, refused: [] },
};

function arrival(atMs: number, id?: string, data = "a"): Arrival {
  return { atMs, event: "message", data, ...id !== undefined && { id } };
}

function head(headers: Record<string, string>): Watched {
  return watched({ headers: { ...HEAD.headers, ...headers } });
}

/** An observation in which the self-test published an event. */
function published(arrivals: readonly Arrival[], answer = refusal(200)): Partial<Observations> {
  return {
    watched: watched({ arrivals }),
    published: [{ answer, sentMs: 1_000, marker: "doctor 7" }],
  };
}

const HELLO = { atMs: 11, event: "hello", data: '{"heartbeatSeconds":15}', id: "1" };
const TICKS = [1, 4_000, 4_001, 4_002, 4_003, 8_000, 8_001, 8_002, 8_003];

/** What is observed; the check and the level of its finding; what was seen, and what to change. */
const TABLE: readonly [
  name: string,
  Partial<Observations>,
  `${string} ${Finding["level"]}`,
  seen: RegExp,
  change?: RegExp,
][] = [
  [
    "no connection",
    { watched: watched({ ...NO_ANSWER, error: "refused" }) },
    "answer fault",
    /refused/,
  ],
  [
    "a silent server",
    { watched: watched(NO_ANSWER), notFound: NO_ANSWER },
    "answer fault",
    /also for/,
  ],
  [
    "a head that is held back",
    { watched: watched(NO_ANSWER) },
    "buffering fault",
    /no answer within 10\.0 s, another path answers after 5 ms, so the stream/,
    /^nginx: `proxy_buffering off;`/,
  ],
  [
    "a head that a compressor holds back",
    { watched: watched(NO_ANSWER), uncompressed: HEAD },
    "compression fault",
    /without compression after 10 ms/,
    /gzip_types/,
  ],
  [
    "a wrong token",
    { watched: watched(refusal(403)) },
    "answer fault",
    /^403 with no type/,
    /may subscribe/,
  ],
  [
    "no token",
    { watched: watched(refusal(401)), hasCredentials: false },
    "answer fault",
    /^401/,
    /--token/,
  ],
  [
    "a page",
    { watched: watched(refusal(200, { "content-type": "text/html" })) },
    "answer fault",
    /html/,
  ],
  ["a late head", { watched: watched({ tookMs: 3_000 }) }, "answer warning", /after 3\.0 s/],
  [
    "a charset",
    { watched: head({ "content-type": "text/event-stream; charset=latin1" }) },
    "type warning",
    /latin1/,
  ],
  [
    "a length",
    { watched: head({ "content-length": "99" }) },
    "type fault",
    /after that many bytes/,
  ],
  ["gzip", { watched: head({ "content-encoding": "gzip" }) }, "compression warning", /^gzip/],
  [
    "gzip without a byte",
    {
      watched: { ...head({ "content-encoding": "br" }), firstByteMs: undefined, arrivals: [] },
    },
    "compression fault",
    /^br, and no byte arrived/,
  ],
  ["a cache", { watched: head({ "x-cache": "HIT" }) }, "caching fault", /x-cache: HIT/],
  ["an old answer", { watched: head({ age: "7" }) }, "caching fault", /Age: 7/],
  ["no Cache-Control", { watched: head({ "cache-control": "" }) }, "caching warning", /^no Cache/],
  [
    "no byte",
    { watched: watched({ firstByteMs: undefined, arrivals: [] }) },
    "first byte warning",
    /none/,
  ],
  [
    "a late byte",
    { watched: watched({ firstByteMs: 4_000 }) },
    "first byte warning",
    /after 4\.0 s/,
  ],
  [
    "a prompt event",
    published([arrival(1_020, "2", "doctor 7")]),
    "buffering ok",
    /arrived after 20 ms/,
  ],
  [
    "a late event",
    published([arrival(9_000, "2", "doctor 7")]),
    "buffering fault",
    /arrived after 8\.0 s/,
  ],
  [
    "a lost event",
    published([arrival(9_000, "2")]),
    "buffering fault",
    /did not arrive: it is held/,
  ],
  [
    "a refused publish",
    published([], refusal(403)),
    "buffering fault",
    /^not tested: the publish got a 403/,
    /--publish/,
  ],
  [
    "heartbeats that come together",
    { watched: watched({ arrivals: [1, 9_000, 9_001, 9_002].map((atMs) => ({ atMs })) }) },
    "buffering fault",
    /^3 heartbeats arrived together/,
  ],
  [
    "events that come together",
    { watched: watched({ arrivals: TICKS.map((atMs) => arrival(atMs)) }) },
    "buffering warning",
    /^4 events arrived together/,
    /--publish/,
  ],
  [
    "a history that comes first",
    { watched: watched({ arrivals: [1, 2, 3, 4, 5, 6].map((atMs) => arrival(atMs)) }) },
    "buffering ok",
    /none seen/,
  ],
  [
    "a heartbeat that does not come",
    { watched: watched({ arrivals: [HELLO], longestSilenceMs: 19_000 }) },
    "heartbeat fault",
    /announced every 15 s, longest silence 19\.0 s/,
  ],
  [
    "a heartbeat that was not due",
    { watched: watched({ arrivals: [HELLO], longestSilenceMs: 9_000, endMs: 9_000 }) },
    "heartbeat ok",
    /--for 20s/,
  ],
  [
    "no heartbeat",
    { watched: watched({ arrivals: [arrival(1)], longestSilenceMs: 19_000 }) },
    "heartbeat warning",
    /none within 20\.0 s/,
  ],
  [
    "a cut",
    { watched: watched({ end: "cut", endMs: 5_000, lastSilenceMs: 5_000 }) },
    "connection fault",
    /^cut after 5\.0 s, 5\.0 s of them silent/,
    /proxy_read_timeout/,
  ],
  ["an end", { watched: watched({ end: "ended" }) }, "connection warning", /^ended after 20\.0 s/],
  [
    "an end that was told",
    {
      watched: watched({ end: "cut", arrivals: [{ atMs: 5, event: "goaway", data: "{}" }] }),
    },
    "connection ok",
    /with goaway: \{\}/,
  ],
  [
    "events without ids",
    { watched: watched({ arrivals: [arrival(1)] }), resumed: undefined },
    "resume warning",
    /no ids/,
  ],
  [
    "no event",
    { watched: watched({ arrivals: [] }), resumed: undefined },
    "resume warning",
    /no event/,
    /--publish/,
  ],
  [
    "a lost Last-Event-ID",
    { resumed: { fromId: "1", expectedId: "2", watched: watched() } },
    "resume fault",
    /the event after "1" did not come again/,
  ],
  [
    "a reset",
    {
      resumed: {
        fromId: "1",
        expectedId: "2",
        watched: watched({ arrivals: [{ atMs: 1, event: "reset", data: "{}" }, HELLO] }),
      },
    },
    "resume fault",
    /gets reset/,
    /HISTORY_EVENTS/,
  ],
  [
    "a resume after the end",
    { resumed: { fromId: "1", expectedId: undefined, watched: watched(refusal(204)) } },
    "resume ok",
    /has ended/,
  ],
  [
    "a refused resume",
    { resumed: { fromId: "1", expectedId: "2", watched: watched(refusal(502)) } },
    "resume fault",
    /gets a 502/,
  ],
  [
    "a refused publish",
    {
      ...published([], refusal(403)),
      resumed: { fromId: "1", expectedId: undefined, watched: watched() },
    },
    "resume ok",
    /^Last-Event-ID "1" is accepted/,
  ],
  ["HTTP/3", { protocol: "h3" }, "HTTP version ok", /^HTTP\/3$/],
  [
    "HTTP/1.1 with TLS",
    { protocol: "http/1.1" },
    "HTTP version warning",
    /six/,
    /nginx: `http2 on/,
  ],
  ["no TLS", { url: "http://events.example/" }, "HTTP version warning", /without TLS/, /https/],
  ["no TLS here", { url: "http://[::1]:80/" }, "HTTP version ok", /on this machine/],
  [
    "a login page",
    { unauthorized: refusal(302, { location: "/login" }) },
    "401 warning",
    /302 to \/login/,
  ],
  ["an open stream", { unauthorized: HEAD }, "401 warning", /anybody may read/],
  [
    "a page for every path",
    { notFound: refusal(200, { "content-type": "text/html" }) },
    "404 warning",
    /200 text\/html/,
  ],
  [
    "a 503 for one too many",
    { crowd: { tried: 8, refused: [watched(refusal(503, { "retry-after": "5" }))] } },
    "overload fault",
    /^1 of 8 streams refused: 503 Retry-After 5: an EventSource gives up/,
  ],
  [
    "a goaway for one too many",
    {
      crowd: {
        tried: 8,
        refused: [watched({ end: "ended", arrivals: [{ atMs: 1, event: "goaway", data: "{}" }] })],
      },
    },
    "overload ok",
    /with goaway/,
  ],
];

for (const [name, observed, expected, seen, change] of TABLE) {
  Deno.test(`judge() finds "${expected}" for ${name}`, () => {
    const findings = judge({ ...GOOD, ...observed });
    const finding = findings.find(({ check }) => expected.startsWith(`${check} `));
    assertEquals(finding && `${finding.check} ${finding.level}`, expected);
    assertMatch(finding!.seen, seen);
    if (change) assertMatch(finding!.change ?? "", change);
    assertEquals(finding!.change === undefined, finding!.level === "ok");
  });
}

Deno.test("judge() says nothing of refusals for an address that is no event stream", () => {
  const page = watched(refusal(200, { "content-type": "text/html" }));
  const findings = judge({ ...GOOD, watched: page, unauthorized: page, notFound: page });
  assertEquals(findings.map(({ check, level }) => `${check} ${level}`), [
    "answer fault",
    "HTTP version ok",
  ]);
});

Deno.test("judge() finds nothing wrong with a stream that has no fault, one finding a check", () => {
  const findings = judge(GOOD);
  assertEquals(findings.filter(({ level }) => level !== "ok"), []);
  const checks = findings.map(({ check }) => check);
  assertEquals(new Set(checks).size, checks.length);
  assert(checks.length >= 12);
});
