/**
 * Named settings as texts, read one by one. Every wrong setting is remembered, so that one error can
 * name all of them.
 *
 * @module
 */

/** Returned by a parser for a text that it rejects. */
export class Expected {
  /**
   * @param expected What the setting may be, such as `a whole number from 0 on`.
   * @param got A description of the text, shown instead of the text itself.
   */
  constructor(readonly expected: string, readonly got?: string) {}
}

/** Reads settings by name. A setting that is `""` is not set. */
export class Settings {
  /** One line for each wrong setting so far. */
  readonly errors: string[] = [];
  readonly #get: (name: string) => string | undefined;

  /** Reads the text of a setting from `get`. */
  constructor(get: (name: string) => string | undefined) {
    this.#get = get;
  }

  /** Whether a setting is set. */
  has(name: string): boolean {
    return this.text(name) !== "";
  }

  /** The text of a setting; `""` if it is not set. */
  text(name: string): string {
    return this.#get(name) ?? "";
  }

  /** Parses a setting. Returns `fallback` if it is not set, and also if `parse` rejects it. */
  read<T>(name: string, fallback: T, parse: (text: string) => T | Expected): T {
    if (!this.has(name)) return fallback;
    const value = parse(this.text(name));
    if (!(value instanceof Expected)) return value;
    const got = value.got ?? JSON.stringify(this.#shown(name));
    this.errors.push(`${name}: expected ${value.expected}, got ${got}`);
    return fallback;
  }

  #shown(name: string): string {
    return SECRETS.has(name) ? "…" : this.text(name).slice(0, 200);
  }
}

const SECRETS = new Set(["TLS_KEY", "PUBLISH_TOKEN", "JWT_KEY", "REDIS_URL", "REDIS_SENTINELS"]);
