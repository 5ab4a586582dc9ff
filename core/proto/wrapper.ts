import { type Scalar, SCALARS, type ScalarType } from "./scalar.ts";

const WRAPPED: ReadonlyMap<string, ScalarType> = new Map([
  ["google.protobuf.BoolValue", "bool"],
  ["google.protobuf.BytesValue", "bytes"],
  ["google.protobuf.DoubleValue", "double"],
  ["google.protobuf.FloatValue", "float"],
  ["google.protobuf.Int32Value", "int32"],
  ["google.protobuf.Int64Value", "int64"],
  ["google.protobuf.StringValue", "string"],
  ["google.protobuf.UInt32Value", "uint32"],
  ["google.protobuf.UInt64Value", "uint64"],
]);

/** What `google.protobuf.UInt32Value` and its like hold under `value`; absent for any other message type. */
export function wrappedType(fullName: string): { readonly name: ScalarType; readonly scalar: Scalar } | undefined {
  const name = fullName.startsWith("google.protobuf.") ? WRAPPED.get(fullName) : undefined;
  return name === undefined ? undefined : { name, scalar: SCALARS[name] };
}

/** What a field of this type holds that is not on the wire. */
export function defaultOf(type: ScalarType): string | number | boolean | Uint8Array {
  if (type === "string") return "";
  if (type === "bytes") return new Uint8Array();
  return type === "bool" ? false : 0;
}
