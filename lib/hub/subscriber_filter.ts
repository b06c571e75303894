/**
 * Which subscribers a list or a disconnect means, and who a client is.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import { coversStream } from "../wire/stream_name.ts";

/** Who a client is, as far as the application knows. Clients are compared by these texts. */
export interface ClientIdentity {
  /** The client's address. */
  readonly address?: string;
  /** The user; for the server, the claim `sub` of a JSON Web Token. */
  readonly subject?: string;
  /** The token; for the server, the claim `jti` of a JSON Web Token. */
  readonly tokenId?: string;
}

/** Which subscribers are meant: those of which every member given holds. */
export interface SubscriberFilter extends ClientIdentity {
  /** The id of one connection: `SubscriberInfo.id`. */
  readonly id?: string;
  /** A stream, or a pattern, that the client subscribes to, by its name or by a pattern that covers it. */
  readonly stream?: string;
}

/** The members of an identity. */
export const IDENTITY_NAMES = ["address", "subject", "tokenId"] as const;

/** The rules for the members of a filter. */
export const filterRules: OptionRules<SubscriberFilter> = {
  id: ANY,
  stream: ANY,
  address: ANY,
  subject: ANY,
  tokenId: ANY,
};

const IDENTITY_RULES: OptionRules<ClientIdentity> = { address: ANY, subject: ANY, tokenId: ANY };

/**
 * Checks an identity.
 *
 * @param action What the caller was about to do, for the error's text: "subscribe".
 * @throws {TypeError} If a member is unknown or not a text.
 */
export function checkIdentity(action: string, client: ClientIdentity): void {
  checkOptions(action, client, IDENTITY_RULES);
  checkTexts(action, client);
}

/**
 * Checks a filter.
 *
 * @param action What the caller was about to do, for the error's text: "disconnect clients".
 * @throws {TypeError} If a member is unknown or not a text, or the filter has none.
 */
export function checkFilter(action: string, filter: SubscriberFilter): void {
  checkOptions(action, filter, filterRules);
  checkTexts(action, filter);
  if (Object.values(filter).some((value) => value !== undefined)) return;
  throw new TypeError(`Cannot ${action}: name one of ${Object.keys(filterRules).join(", ")}`);
}

/**
 * Whether a filter without an id means a client.
 *
 * @param streams The names and patterns that the client subscribes to.
 */
export function isMeant(
  { stream, ...wanted }: SubscriberFilter,
  client: ClientIdentity,
  streams: readonly string[],
): boolean {
  for (const name of IDENTITY_NAMES) {
    if (wanted[name] !== undefined && wanted[name] !== client[name]) return false;
  }
  return stream === undefined || streams.some((asked) => coversStream(asked, stream));
}

function checkTexts(action: string, texts: Readonly<Record<string, unknown>> | object): void {
  for (const [name, value] of Object.entries(texts)) {
    if (value === undefined || typeof value === "string") continue;
    throw new TypeError(`Cannot ${action}: ${name} must be a string, got ${value}`);
  }
}
