/**
 * What the self-test observes of an event stream from outside. Every time is in milliseconds.
 *
 * @module
 */

/** An answer to a request, or its absence. */
export interface Answer {
  /** The status; `undefined` if no answer came. */
  readonly status: number | undefined;
  /** The header fields, with names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long the head of the answer took, or how long was waited for it. */
  readonly tookMs: number;
  /** Why no answer came: `timeout`, or the text of the error. */
  readonly error?: string;
}

/** An event or a comment that arrived. */
export interface Arrival {
  /** When it was whole, counted from the request. */
  readonly atMs: number;
  /** The type of the event; `undefined` for a comment. */
  readonly event?: string;
  /** The beginning of the data. */
  readonly data?: string;
  /** The event's own id. */
  readonly id?: string;
}

/** An event stream that was read for a time. */
export interface Watched extends Answer {
  /** When the first byte of the body arrived, counted from the request. */
  readonly firstByteMs: number | undefined;
  /** What arrived, in order. */
  readonly arrivals: readonly Arrival[];
  /** The longest time without a byte, once the head had arrived. */
  readonly longestSilenceMs: number;
  /** The time without a byte right before the end. */
  readonly lastSilenceMs: number;
  /** `open`: it went on until the reader left; `ended`: it ended cleanly; `cut`: it broke off. */
  readonly end: "open" | "ended" | "cut";
  /** How long it was read, counted from the request. */
  readonly endMs: number;
}

/** An event that the self-test published. */
export interface Published {
  /** The answer to the publish. */
  readonly answer: Answer;
  /** When it was sent, counted from the request of the watched stream. */
  readonly sentMs: number;
  /** A text that only this event has in its data. */
  readonly marker: string;
}

/** A second connection, with a `Last-Event-ID` that the first one had given. */
export interface Resumed {
  /** The id that was sent. */
  readonly fromId: string;
  /** The id of an event that came after it; `undefined` if none came. */
  readonly expectedId: string | undefined;
  /** What the second connection got. */
  readonly watched: Watched;
}

/** Streams that were opened at once, until one was refused. */
export interface Crowd {
  /** How many were tried. */
  readonly tried: number;
  /** What the refused ones got. */
  readonly refused: readonly Watched[];
}

/** Everything that was observed. */
export interface Observations {
  /** The address of the event stream. */
  readonly url: string;
  /** How whoever reads the findings repeats the test in another way. */
  readonly ways: Ways;
  /** Whether a token or other credentials were sent. */
  readonly hasCredentials: boolean;
  /** The protocol that TLS negotiated, such as `h2`; `undefined` without TLS, or if it failed. */
  readonly protocol: string | undefined;
  /** The event stream, read for the whole time. */
  readonly watched: Watched;
  /** The same request without compression, if the stream did not answer in time. */
  readonly uncompressed: Answer | undefined;
  /** The events published meanwhile. */
  readonly published: readonly Published[];
  /** The second connection; `undefined` if there was no id to resume from. */
  readonly resumed: Resumed | undefined;
  /** The answer to a request without the credentials, or with a wrong token. */
  readonly unauthorized: Answer;
  /** The answer to a path below that of the stream, which nobody has. */
  readonly notFound: Answer;
  /** The streams opened at once; `undefined` if that was not tried. */
  readonly crowd: Crowd | undefined;
}

/** What to do to have the test see more, in words that follow a semicolon or a verb. */
export interface Ways {
  /** What publishes events: `--publish <url>`. */
  readonly publish: string;
  /** What to look at if the publish is refused. */
  readonly checkPublish: string;
  /** Where credentials are given. */
  readonly authorize: string;
  /** What reads the stream for so many seconds. */
  readonly longer: (seconds: number) => string;
  /** What opens more streams at once. */
  readonly more: string;
}

/** What one check found. */
export interface Finding {
  /** The name of the check, such as `buffering`. */
  readonly check: string;
  /** `warning`: works, with a disadvantage; `fault`: clients miss events or never connect. */
  readonly level: "ok" | "warning" | "fault";
  /** What was seen. */
  readonly seen: string;
  /** What to change, and where. */
  readonly change?: string;
}
