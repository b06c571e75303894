import { assert, assertEquals } from "@std/assert";
import { parseMode } from "../../lib/hub/mode.ts";
import { parseSubscribeRequest } from "../../lib/hub/subscribe_request.ts";

function parse(query: string, headers: HeadersInit = {}) {
  return parseSubscribeRequest(new Request(`http://localhost/sse?${query}`, { headers }));
}

for (
  const [query, wanted] of Object.entries({
    "stream=b&stream=a&stream=b": { streams: ["a", "b"], lastEventId: undefined, since: undefined },
    "stream=a&since=3": { streams: ["a"], lastEventId: undefined, since: 3 },
    "stream=a&since=earliest": { streams: ["a"], lastEventId: undefined, since: Infinity },
    "stream=a&lastEventId=e-1": { streams: ["a"], lastEventId: "e-1", since: undefined },
    "stream=a&last-event-id=e-1": { streams: ["a"], lastEventId: "e-1", since: undefined },
    "stream=a&last_event_id=e-1": { streams: ["a"], lastEventId: "e-1", since: undefined },
    "stream=a&lastEventID=e-1": { streams: ["a"], lastEventId: "e-1", since: undefined },
  })
) {
  Deno.test(`parseSubscribeRequest() reads ?${query}`, () => {
    const mode = parseMode(new URLSearchParams());
    assert(typeof mode === "object");
    assertEquals(parse(query), { ...wanted, mode });
  });
}

Deno.test("parseSubscribeRequest() takes the id from the header, unless that is empty", () => {
  const ids = ["e-2", ""].map((id) => {
    const wanted = parse("stream=a&lastEventId=e-1", { "last-event-id": id });
    return wanted instanceof Response ? wanted.status : wanted.lastEventId;
  });
  assertEquals(ids, ["e-2", "e-1"]);
});

for (const query of ["", "stream=", "stream=..", "stream=a&since=x", "stream=a&since=-1"]) {
  Deno.test(`parseSubscribeRequest() refuses ?${query} with problem details`, async () => {
    const refusal = parse(query);
    assert(refusal instanceof Response);
    assertEquals(refusal.status, 400);
    assertEquals(refusal.headers.get("content-type"), "application/problem+json");
    await refusal.body?.cancel();
  });
}
