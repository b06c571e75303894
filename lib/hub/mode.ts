/**
 * The modes of a subscription: which events a client gets, and in which form.
 *
 * @module
 */

import { type Control, reservedTypes } from "../wire/control_events.ts";
import { MAX_TYPE_LENGTH } from "../wire/event.ts";

/** The modes of a subscription. Each replaces the query parameter of the same name. */
export interface ModeOptions {
  /**
   * Which control events the client gets: `all`, or `none`. With `none`, the response begins with `retry`
   * alone, ids stand on events only, missing events leave no `gap`, and a stream that neither exists nor
   * keeps an event gets a 204. For parsers that read the data of every event, whatever its type.
   *
   * @default {"all"}
   */
  readonly control?: Control;
  /**
   * The heartbeat: a `comment`, or an `event` of the type `heartbeat`, without an id. An `EventSource`
   * does not show comments to a page.
   *
   * @default {"comment"}
   */
  readonly heartbeat?: "comment" | "event";
  /**
   * What an event is labelled with: `none`, or `stream`, an additional field `stream: <name>`. An
   * `EventSource` ignores the field.
   *
   * @default {"none"}
   */
  readonly label?: "none" | "stream";
  /**
   * The form of an event: `plain`, as published; or `json`, an event without a type whose data is
   * `{"stream","event","data"}` as JSON. Control events keep their form.
   *
   * @default {"plain"}
   */
  readonly format?: "plain" | "json";
  /**
   * The types of the events that the client gets, 1 to 32; `message` stands for events without a type.
   * After events that were left out, an event `cursor` has the id through which the client has
   * everything. By default all types.
   */
  readonly event?: readonly string[];
}

/** The modes of a subscription, checked. */
export interface Mode {
  /** Whether control events are left out. */
  readonly omitsControl: boolean;
  /** Whether heartbeats are events. */
  readonly hasHeartbeatEvents: boolean;
  /** Whether each event has a field with the name of its stream. */
  readonly isLabelled: boolean;
  /** Whether each event is a JSON object. */
  readonly isJson: boolean;
  /** The types of the events, sorted, each once; `undefined` for all types. */
  readonly types: readonly string[] | undefined;
  /** The modes as one text; `""` for the defaults. */
  readonly key: string;
}

/** The values of each mode that has a fixed set of them; the default comes first. */
const VALUES = {
  control: ["all", "none"],
  heartbeat: ["comment", "event"],
  label: ["none", "stream"],
  format: ["plain", "json"],
} as const;

type Choice = keyof typeof VALUES;

const CHOICES = Object.keys(VALUES) as readonly Choice[];

/** The names of all modes, which are query parameters. */
export const MODE_NAMES: readonly (keyof ModeOptions)[] = [...CHOICES, "event"];

/** The most types of a subscription. */
const MAX_TYPES = 32;

/**
 * Checks the modes among the options of a subscription.
 *
 * @throws {TypeError} If `event` is not a list of types that can be published.
 * @throws {RangeError} If another mode has an unknown value, `event` does not have 1 to 32 types, or two
 * modes contradict each other.
 */
export function checkModeOptions(options: ModeOptions): void {
  for (const name of CHOICES) {
    const value = options[name];
    if (value === undefined || (VALUES[name] as readonly string[]).includes(value)) continue;
    const expected = VALUES[name].map((value) => JSON.stringify(value)).join(" or ");
    const got = JSON.stringify(value);
    throw new RangeError(`Cannot subscribe: ${name} must be ${expected}, got ${got}`);
  }
  if (isContradictory(options)) throw new RangeError(`Cannot subscribe: ${CONTRADICTION}`);
  const { event: types } = options;
  if (types === undefined) return;
  if (!Array.isArray(types) || !types.every((type) => typeof type === "string")) {
    throw new TypeError(`Cannot subscribe: event must be a list of types, got ${types}`);
  }
  if (types.length === 0 || types.length > MAX_TYPES) {
    throw new RangeError(
      `Cannot subscribe: event must have 1 to ${MAX_TYPES} types, got ${types.length}`,
    );
  }
  const fault = types.map(faultOfType).find((fault) => fault !== undefined);
  if (fault) throw new TypeError(`Cannot subscribe: ${fault}`);
}

/**
 * Reads the modes of a subscription from its query. An option takes the place of the parameter.
 *
 * @returns The modes, or what is wrong with the query.
 */
export function parseMode(query: URLSearchParams, options: ModeOptions = {}): Mode | string {
  const chosen: { -readonly [Name in Choice]?: string } = {};
  for (const name of CHOICES) {
    const values = query.getAll(name);
    const value = options[name] ?? values[0] ?? VALUES[name][0];
    if (options[name] === undefined && values.length > 1) return `Give ${name} once`;
    if (!(VALUES[name] as readonly string[]).includes(value)) {
      return `Give ${name} as ${VALUES[name].toReversed().join(" or ")}`;
    }
    chosen[name] = value;
  }
  if (isContradictory(chosen)) return CONTRADICTION;
  const types = parseTypes(options.event ?? query.getAll("event"));
  if (typeof types === "string") return types;
  const changed = CHOICES.filter((name) => chosen[name] !== VALUES[name][0]);
  return {
    omitsControl: chosen.control === "none",
    hasHeartbeatEvents: chosen.heartbeat === "event",
    isLabelled: chosen.label === "stream",
    isJson: chosen.format === "json",
    types,
    // A type has no line break.
    key: [...changed.length > 0 || types ? [changed.join()] : [], ...types ?? []].join("\n"),
  };
}

function parseTypes(types: readonly string[]): readonly string[] | undefined | string {
  if (types.length === 0) return undefined;
  const fault = types.map(faultOfType).find((fault) => fault !== undefined);
  if (fault) return fault;
  const sorted = [...new Set(types.map((type) => type.toWellFormed()))].sort();
  return sorted.length > MAX_TYPES ? `Name at most ${MAX_TYPES} types of events` : sorted;
}

/** Describes why events of a type can't be asked for. */
function faultOfType(type: string): string | undefined {
  if (type === "") return "An event type must not be empty; events without a type are message";
  if (type.length > MAX_TYPE_LENGTH) {
    return `An event type must have at most ${MAX_TYPE_LENGTH} characters`;
  }
  if (/[\r\n]/.test(type)) return "An event type must not contain CR or LF";
  if (!reservedTypes.has(type)) return undefined;
  return `The type ${type} is reserved and can't be published; leave event=${type} out`;
}

function isContradictory({ control, heartbeat }: { [Name in Choice]?: string }): boolean {
  return control === "none" && heartbeat === "event";
}

const CONTRADICTION = "control=none leaves out heartbeat=event, which is a control event; use one";
