import { Writer } from "protobufjs/minimal.js";

/** A field that holds bytes: `bytes`, or a message that is encoded already. */
export function fieldBytes(fieldNumber: number, bytes: Uint8Array): Uint8Array {
  return finish(new Writer().uint32(tag(fieldNumber, 2)).bytes(bytes));
}

export function fieldString(fieldNumber: number, text: string): Uint8Array {
  return finish(new Writer().uint32(tag(fieldNumber, 2)).string(text));
}

/** A field that holds an unsigned integer, a `bool` (0 or 1) or an enum's number. */
export function fieldVarint(fieldNumber: number, value: number): Uint8Array {
  return finish(new Writer().uint32(tag(fieldNumber, 0)).uint64(value));
}

/** The parts one after the other: encoded fields make a message this way, and the later of two singular fields wins. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** What stands before a field's value. */
export function tag(fieldNumber: number, wireType: 0 | 1 | 2 | 5): number {
  return (fieldNumber << 3 | wireType) >>> 0;
}

/** A writer's bytes in an array of their own: protobufjs' own `finish` takes them from a pool that they then keep alive. */
export function finish(writer: Writer): Uint8Array {
  return writer.finishInto(new Uint8Array(writer.pos));
}
