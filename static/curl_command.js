/** Commands for a POSIX shell that do with curl what a page shows. */

/** The URL of this page without a slash at its end: the origin, and the path of a proxy if there is one. */
export const BASE = new URL(".", document.baseURI).href.slice(0, -1);

/**
 * The command that publishes an event again. For an event of the server's own, or of a URL that does not
 * name exactly one stream, it is the command that reads on after the event.
 */
export function curlCommand(url, { event, data, lastEventId, isControl }) {
  const target = new URL(url, document.baseURI);
  const streams = target.searchParams.getAll("stream");
  if (isControl || streams.length !== 1) return followCommand(target, lastEventId);
  target.search = `stream=${encodeURIComponent(streams[0]).replaceAll("%2F", "/")}`;
  const fields = event === "message" ? { data } : { event, data };
  return [
    `curl ${quote(target.href)}`,
    `-H "Authorization: Bearer $PUBLISH_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `--data-raw ${quote(JSON.stringify(fields))}`,
  ].join(" \\\n  ");
}

function followCommand({ href }, lastEventId) {
  const header = lastEventId === "" ? "" : ` -H ${quote(`Last-Event-ID: ${lastEventId}`)}`;
  return `curl -N${header} ${quote(href)}`;
}

/** Writes a text as one word of a shell, in which nothing is expanded. */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
