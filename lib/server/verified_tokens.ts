/**
 * Remembers tokens that were verified, so that a client which sends a token with each request does not
 * cost a hash or a signature each time.
 *
 * @module
 */

/** The result of a verification, and how long it holds. */
export interface Verified<Value> {
  /** What the token was verified as. */
  readonly value: Value;
  /** The key that verified the token. With another key the result means nothing. */
  readonly key: unknown;
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/**
 * The newest 1 000 verified tokens, each for at most a minute. A token that fails its verification is
 * never remembered.
 *
 * The time that {@linkcode VerifiedTokens.find} takes depends on the length of the given token, and not
 * on what it has in common with a remembered one: every character is read before anything is compared,
 * and a comparison reads every character.
 */
export class VerifiedTokens<Value> {
  readonly #now: () => number;
  // By fingerprint, the oldest first. Of two tokens with one fingerprint the later one stays.
  readonly #tokens = new Map<number, Remembered<Value>>();
  readonly #seed: number;

  /**
   * Begins with no token.
   *
   * @param now Gives the time, in milliseconds since 1970.
   * @param seed Makes fingerprints that nobody can foretell. By default a random number.
   */
  constructor(now: () => number, seed = crypto.getRandomValues(new Int32Array(1))[0]!) {
    this.#now = now;
    this.#seed = seed;
  }

  /** Finds what a token was verified as with a key; `undefined` if it has to be verified now. */
  find(token: string, key: unknown): Value | undefined {
    const fingerprint = fingerprintOf(token, this.#seed);
    const found = this.#tokens.get(fingerprint);
    if (found === undefined || !isEqual(found.token, token)) return undefined;
    const ageMs = this.#now() - found.verifiedAtMs;
    // A clock that was set back says nothing about the age.
    const isRecent = ageMs >= 0 && ageMs < MAX_AGE_MS;
    if (isRecent && found.key === key && found.expiresAtMs > this.#now()) return found.value;
    this.#tokens.delete(fingerprint);
    return undefined;
  }

  /** Remembers a token that was verified just now. */
  add(token: string, verified: Verified<Value>): void {
    const fingerprint = fingerprintOf(token, this.#seed);
    this.#tokens.delete(fingerprint);
    this.#tokens.set(fingerprint, { ...verified, token, verifiedAtMs: this.#now() });
    if (this.#tokens.size <= MAX_TOKENS) return;
    const [oldest] = this.#tokens.keys();
    this.#tokens.delete(oldest!);
  }
}

const MAX_TOKENS = 1_000;
const MAX_AGE_MS = 60_000;

interface Remembered<Value> extends Verified<Value> {
  readonly token: string;
  readonly verifiedAtMs: number;
}

/**
 * A number of 32 bits for a token: FNV-1a from a secret seed. Nothing depends on two tokens having
 * different numbers but the speed.
 */
function fingerprintOf(token: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), FNV_PRIME);
  return hash;
}

const FNV_PRIME = 0x01000193;

function isEqual(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < other.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}
