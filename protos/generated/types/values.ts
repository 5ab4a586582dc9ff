/** A 64-bit integer: a string of digits where a number would not be exact. */
export type Int64 = number | string;

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
