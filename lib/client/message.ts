/**
 * What a subscription gives to the application: typed messages, and events of the DOM.
 *
 * @module
 */

/** The data of an application's events, by type. An untyped event is a `message`. */
// deno-lint-ignore no-explicit-any -- an interface is no Record of unknown
export type Events = Record<string, any>;

/** Events of any type, whose data is text. */
export type TextEvents = Record<string, string>;

/** An event of the application. */
export type EventMessage<Map extends Events = TextEvents> = {
  readonly [Type in keyof Map & string]: {
    /** Its type; `message` for an event without one. */
    readonly event: Type;
    /** Its data: text, or what the option `parse` has made of it. */
    readonly data: Map[Type];
    /** The id of this event, or of the last one before that had an id. */
    readonly lastEventId: string;
    /** Only of control events. */
    readonly streams?: undefined;
  };
}[keyof Map & string];

/** What a server says of the connection, such as `gap` or `reset`. */
export interface ControlMessage {
  /**
   * `gap`: events of `streams` are missing here. `reset`: the client's id means nothing to the server, so
   * that what the application knows of `streams` may be out of date. With the option `control` also
   * `hello`, `ended`, `goaway` and `expired`.
   */
  readonly event:
    | "gap"
    | "reset"
    | "hello"
    | "ended"
    | "goaway"
    | "expired"
    | "cursor"
    | "heartbeat";
  /** The data as it came: JSON. */
  readonly data: string;
  /** The last id. */
  readonly lastEventId: string;
  /** The streams that it is about. */
  readonly streams: readonly string[];
}

/** One step of the iteration. */
export type Message<Map extends Events = TextEvents> = EventMessage<Map> | ControlMessage;

/** An event whose data did not pass: what a listener for `invalid` gets. */
export interface InvalidEvent extends Event {
  /** The event's type. */
  readonly event: string;
  /** The event's data, as it came. */
  readonly data: string;
  /** The event's id. */
  readonly lastEventId: string;
  /** What `parse` has thrown. */
  readonly error: unknown;
}

/** What a listener for a type gets. */
export type ListenerEvent<Map extends Events, Type extends string> = Type extends "statechange"
  ? Event
  : Type extends "invalid" ? InvalidEvent
  : Type extends ControlMessage["event"] ? DataEvent<string> & Pick<ControlMessage, "streams">
  : DataEvent<Type extends keyof Map ? Map[Type] : never>;

/** A `MessageEvent` with data of a type. Node's types have no parameter for it. */
export type DataEvent<Data> = Omit<MessageEvent, "data"> & { readonly data: Data };

/** Makes data of an event's text. Throws or rejects for data that is not valid. */
export interface Parse<Map extends Events> {
  (data: string, event: string): Map[string] | Promise<Map[string]>;
}
