/**
 * Named settings as texts, read one by one. Every wrong setting is remembered, so that one error can
 * name all of them.
 *
 * @module
 */

import { type Option, type OptionName, OPTIONS, type OptionValue } from "./options.ts";
import { Expected } from "./setting_parsers.ts";

/** Reads settings by name. A setting that is `""` is not set. */
export class Settings {
  /** Whether the server runs on Deno Deploy, where some options have other defaults. */
  readonly isOnDeploy: boolean;
  /** One line for each wrong setting so far. */
  readonly errors: string[] = [];
  readonly #get: (name: string) => string | undefined;

  /** Reads the text of a setting from `get`. */
  constructor(get: (name: string) => string | undefined) {
    this.#get = get;
    this.isOnDeploy = get("DENO_DEPLOYMENT_ID") !== undefined;
  }

  /** Whether a setting is set. */
  has(name: OptionName): boolean {
    return this.text(name) !== "";
  }

  /** The text of a setting; `""` if it is not set. */
  text(name: OptionName): string {
    return this.#get(name) ?? "";
  }

  /** The value of a setting. It is the default if the setting is not set, and also if it is wrong. */
  read<N extends OptionName>(name: N): OptionValue<N> {
    const option = OPTIONS[name] as unknown as Option<OptionValue<N>>;
    const hasOther = this.isOnDeploy && Object.hasOwn(option, "onDeploy");
    const fallback = hasOther ? option.onDeploy as OptionValue<N> : option.byDefault;
    if (!this.has(name)) return fallback;
    const value = option.parse(this.text(name));
    if (!(value instanceof Expected)) return value;
    const shown = option.isSecret ? "…" : this.text(name).slice(0, 200);
    this.errors.push(
      `${name}: expected ${value.expected}, got ${value.got ?? JSON.stringify(shown)}`,
    );
    return fallback;
  }
}
