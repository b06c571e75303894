/**
 * Reading the arguments of a command.
 *
 * @module
 */

/** The arguments that a command knows. */
export interface KnownFlags {
  /** The flags that take a value, such as `--for`. */
  readonly values: readonly string[];
  /** The flags that take no value, such as `--json`. */
  readonly switches?: readonly string[];
  /** Whether words without a flag are arguments as well. They are read as values of `""`. */
  readonly takesWords?: boolean;
}

/**
 * Reads `--name value` and `--name=value`; a flag may be given more than once.
 *
 * @returns The values of each flag; `--help` alone if it was given.
 * @throws {TypeError} If an argument is unknown, or a flag has no value.
 */
export function readFlags(
  args: readonly string[],
  { values, switches = [], takesWords = false }: KnownFlags,
): Map<string, string[]> {
  const flags = new Map<string, string[]>();
  const add = (name: string, value: string) => flags.set(name, [...flags.get(name) ?? [], value]);
  for (let i = 0; i < args.length; i++) {
    const [, name = args[i]!, inline] = /^(--[a-z-]+)=(.*)$/s.exec(args[i]!) ?? [];
    if (name === "--help" || name === "-h") return new Map([["--help", []]]);
    if (switches.includes(args[i]!)) add(name, "");
    else if (takesWords && name !== "" && !name.startsWith("-")) add("", args[i]!);
    else if (!values.includes(name)) {
      throw new TypeError(`there is no argument ${JSON.stringify(name.slice(0, 100))}; see --help`);
    } else {
      const value = inline ?? args[++i];
      if (value === undefined) throw new TypeError(`${name} needs a value; see --help`);
      add(name, value);
    }
  }
  return flags;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Reads a time such as `90s`, `15m`, `1h` or `30d`, in seconds; `NaN` for another text. */
export function readSeconds(text: string): number {
  const [, count, unit = ""] = /^(\d{1,10})([smhd])$/.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? NaN);
}
