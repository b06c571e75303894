/**
 * Data that a schema checks.
 *
 * @see {@link https://standardschema.dev Standard Schema}
 *
 * @module
 */

import type { Parse } from "./message.ts";

/** A schema in Standard Schema's form, such as one of Zod, Valibot or ArkType. */
export interface Schema<Output = unknown> {
  /** What the form asks for. */
  readonly "~standard": {
    /** The version of the form. */
    readonly version: 1;
    /** Who has made the schema. */
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types, for the compiler alone. */
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** What is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The events whose data schemas make. */
export type SchemaEvents<Schemas extends Readonly<Record<string, Schema>>> = {
  [Type in keyof Schemas]: Schemas[Type] extends Schema<infer Output> ? Output : never;
};

/** The error of data that a schema refuses. */
export class ValidationError extends TypeError {
  /** Always `ValidationError`. */
  override name = "ValidationError";
  /** What is wrong. */
  readonly issues: readonly SchemaIssue[];

  /** Makes the error of an event. */
  constructor(event: string, issues: readonly SchemaIssue[]) {
    super(`Cannot use data of ${event}: ${issues.map(({ message }) => message).join(", ")}`);
    this.issues = issues;
  }
}

/**
 * Makes the option `parse` of schemas, one for each type of event. Data is parsed as JSON and then
 * checked; an event that does not pass becomes an event `invalid`, and so does one of another type.
 *
 * @example
 * ```ts
 * import { type Schema, validated } from "@sse/hub/client";
 * import { assertEquals } from "@std/assert";
 *
 * const price: Schema<number> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) =>
 *       typeof value === "number" ? { value } : { issues: [{ message: "expected a number" }] },
 *   },
 * };
 * const parse = validated({ price });
 * assertEquals(await parse("1.08", "price"), 1.08);
 * ```
 */
export function validated<Schemas extends Readonly<Record<string, Schema>>>(
  schemas: Schemas,
): Parse<SchemaEvents<Schemas>> {
  return async (data, event) => {
    if (!Object.hasOwn(schemas, event)) {
      throw new ValidationError(event, [{ message: "there is no schema for this type" }]);
    }
    const result = await schemas[event]!["~standard"].validate(JSON.parse(data));
    if (result.issues) throw new ValidationError(event, result.issues);
    return result.value as SchemaEvents<Schemas>[string];
  };
}
