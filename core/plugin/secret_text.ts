import type { Secret } from "./plugin.ts";

/** What is shown in place of a secret. */
export const REDACTED = "[redacted]";

/** A secret that reads its text anew each time, and shows it to nobody who does not ask for it by `reveal()`. */
export class SecretText implements Secret {
  readonly #read: () => string;

  constructor(read: () => string) {
    this.#read = read;
  }

  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
