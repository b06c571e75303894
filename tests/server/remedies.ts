/**
 * What a back-end developer types at a server that is new to them, and the remedy that each answer names.
 * The commands run in a shell, in Node or in Python; `$URL`, `$CLOSED` (a server without tokens), `$AUTH`
 * and the tokens are variables of the environment, and `$FILES` is a folder.
 *
 * @module
 */

/** A command and its answer. */
export interface Remedy {
  /** What runs the command; for `node` and `python` it is an expression for a request. */
  readonly program: "sh" | "node" | "python";
  /** The command as one types it. */
  readonly command: string;
  /** The status of the answer. */
  readonly status: number;
  /** A part of the answer that says what to do; what a success answers. */
  readonly remedy: string;
}

const sh = (command: string, status: number, remedy: string): Remedy => ({
  program: "sh",
  command,
  status,
  remedy,
});
const node = (command: string, status: number, remedy: string): Remedy => ({
  program: "node",
  command,
  status,
  remedy,
});
const python = (command: string, status: number, remedy: string): Remedy => ({
  program: "python",
  command,
  status,
  remedy,
});

const NEWS = '"$URL/sse?stream=news"';
const TEXT = "-H 'Content-Type: text/plain'";
const NODE = "process.env.URL + '/sse?stream=news'";
const NODE_AUTH = "headers: { authorization: 'Bearer ' + process.env.TOKEN }";
const PUBLISHED = '"stream":"news"';

/** The commands. */
export const remedies: readonly Remedy[] = [
  // Types of bodies.
  sh(`curl -H "$AUTH" -d hello ${NEWS}`, 415, "add -H 'Content-Type: text/plain' or"),
  sh(`curl -H "$AUTH" ${TEXT} -d hello ${NEWS}`, 200, PUBLISHED),
  sh(
    `curl -H "$AUTH" --data @$FILES/event.json ${NEWS}`,
    415,
    "-H 'Content-Type: application/json'",
  ),
  sh(`curl -H "$AUTH" --json @$FILES/event.json ${NEWS}`, 200, PUBLISHED),
  sh(`curl -H "$AUTH" -F message=hello ${NEWS}`, 415, "use --data-binary in place of -F"),
  sh(`curl -H "$AUTH" -T $FILES/event.json ${NEWS}`, 405, "POST to publish"),
  sh(
    `curl -H "$AUTH" -X POST -T $FILES/event.json ${NEWS}`,
    415,
    "without a Content-Type: send text",
  ),
  sh(
    `curl -H "$AUTH" -H 'Content-Type: text/html' -d '<p>' ${NEWS}`,
    415,
    'came as "text/html": send text with Content-Type: text/plain',
  ),
  sh(
    `curl -H "$AUTH" -H 'Content-Type: text/plain; charset=latin1' -d x ${NEWS}`,
    415,
    "send UTF-8",
  ),
  sh(
    `gzip -c $FILES/event.json | curl -H "$AUTH" ${TEXT} -H 'Content-Encoding: gzip' --data-binary @- ${NEWS}`,
    415,
    "send it without a content coding",
  ),
  node(`fetch(${NODE}, { method: "POST", ${NODE_AUTH}, body: "hello" })`, 200, PUBLISHED),
  node(
    `fetch(${NODE}, { method: "POST", ${NODE_AUTH}, body: new URLSearchParams({ message: "x" }) })`,
    415,
    "application/x-www-form-urlencoded",
  ),
  node(
    `fetch(${NODE}, { method: "POST", ${NODE_AUTH}, body: Buffer.from("hello") })`,
    415,
    "without a Content-Type: send text",
  ),
  python(`request(data=b"hello")`, 415, "application/x-www-form-urlencoded"),
  python(
    `request(data=json.dumps({"data": "x"}).encode(), headers={"Content-Type": "application/json"})`,
    200,
    PUBLISHED,
  ),
  // Bodies.
  sh(`curl -H "$AUTH" --json '{"message":"x"}' ${NEWS}`, 400, 'send {"data":{"message":"x"}}'),
  sh(`curl -H "$AUTH" --json '{"type":"price","data":1}' ${NEWS}`, 400, 'did you mean "event"?'),
  sh(
    `curl -H "$AUTH" --json '["a","b"]' ${NEWS}`,
    400,
    'At index 0: An event must be a JSON object: send {"data":"a"}',
  ),
  sh(`curl -H "$AUTH" --json hello ${NEWS}`, 400, "to publish text, send Content-Type: text/plain"),
  sh(
    `curl -H "$AUTH" --json "{'data':'x'}" ${NEWS}`,
    400,
    "line 1, column 2: expected a name in double",
  ),
  sh(`curl -H "$AUTH" --json '{"data":"x",}' ${NEWS}`, 400, "line 1, column 13: expected a name"),
  sh(
    `curl -H "$AUTH" --json '{"event":"price"}' ${NEWS}`,
    400,
    'An event with "event" needs "data", which may be ""',
  ),
  sh(
    `curl -H "$AUTH" --json '{"data":"x","event":"error"}' ${NEWS}`,
    400,
    "and none of hello, gap, reset",
  ),
  sh(`curl -H "$AUTH" --json '' ${NEWS}`, 400, 'send an event such as {"data":"Hello"}'),
  sh(
    `head -c 300000 /dev/zero | tr '\\0' x | curl -H "$AUTH" ${TEXT} --data-binary @- ${NEWS}`,
    413,
    "at most 262144 bytes (MAX_EVENT_BYTES)",
  ),
  // Tokens.
  sh(`curl ${TEXT} -d hello ${NEWS}`, 401, "in the header Authorization: Bearer <token>"),
  sh(`curl -u "user:$TOKEN" ${TEXT} -d hello ${NEWS}`, 401, "Authorization: Bearer <token>"),
  sh(`curl -H "Authorization: $TOKEN" ${TEXT} -d hello ${NEWS}`, 401, "Bearer <token>"),
  sh(
    `curl -H "Authorization: Bearer" ${TEXT} -d hello ${NEWS}`,
    401,
    "send Authorization: Bearer <token>",
  ),
  sh(
    `curl -H "Authorization: Bearer wrong" ${TEXT} -d hello ${NEWS}`,
    401,
    "send the token of PUBLISH_TOKEN or",
  ),
  sh(`curl ${TEXT} -d hello "$CLOSED/sse?stream=news"`, 403, "set PUBLISH_TOKEN or JWT_KEY"),
  sh(
    `curl -H "$AUTH" ${TEXT} -d hello "$CLOSED/sse?stream=news"`,
    401,
    "set PUBLISH_TOKEN or JWT_KEY",
  ),
  sh(`curl "$CLOSED/metrics"`, 403, "set PUBLISH_TOKEN"),
  sh(
    `curl -H "Authorization: Bearer $EXPIRED" ${TEXT} -d hello ${NEWS}`,
    401,
    "expired at 2025-06-15T15:06:40.000Z",
  ),
  sh(`curl -H "Authorization: Bearer $NO_SSE" ${TEXT} -d hello ${NEWS}`, 401, "has no claim sse"),
  sh(
    `curl -H "Authorization: Bearer $ORDERS" ${TEXT} -d hello ${NEWS}`,
    403,
    'sse.publish does not cover the stream "news"',
  ),
  sh(
    `curl -H "Authorization: Bearer $ORDERS" "$URL/streams"`,
    403,
    "send the token of PUBLISH_TOKEN",
  ),
  // Paths, methods and parameters.
  sh(`curl -H "$AUTH" ${TEXT} -d hello "$URL/sse"`, 400, "?stream=<name>"),
  sh(
    `curl -H "$AUTH" ${TEXT} -d hello "$URL/sse?topic=news"`,
    400,
    "name a stream with ?stream=<name>",
  ),
  sh(
    `curl "$URL/sse?channel=news"`,
    400,
    "There is no parameter channel; name a stream with ?stream=<name>",
  ),
  sh(`curl "$URL/sse?streams=a,b"`, 400, "name a stream with ?stream=<name>"),
  sh(`curl -g "$URL/sse?stream[]=a"`, 400, "name a stream with ?stream=<name>"),
  sh(`curl "$URL/sse?stream=a,b"`, 400, "for several streams write ?stream=a&stream=b"),
  sh(`curl "$URL/sse?stream=news&since=yesterday"`, 400, '"earliest" or as a number of events'),
  sh(`curl "$URL/publish?stream=news"`, 404, "publish with POST"),
  sh(
    `curl -H "$AUTH" ${TEXT} -d hello "$URL/publish"`,
    404,
    "publish with POST /sse?stream=<name>",
  ),
  sh(`curl -H "$AUTH" ${TEXT} -d hello "$URL/sse/news"`, 404, "publish with POST /sse?stream=news"),
  sh(`curl -H "$AUTH" ${TEXT} -d hello "$URL/"`, 405, "publish with POST /sse?stream=<name>"),
  sh(`curl -X PUT -H "$AUTH" ${TEXT} -d hello ${NEWS}`, 405, "POST to publish"),
  sh(
    `curl -X DELETE -H "$AUTH" "$URL/sse?stream=nothing"`,
    404,
    "There is no stream nothing; GET /streams lists",
  ),
  sh(`curl -I ${NEWS}`, 200, "content-type: text/event-stream"),
  sh(`curl -i -X OPTIONS ${NEWS}`, 204, "allow: GET, HEAD, POST, DELETE, OPTIONS"),
];
