import { REDACTED } from "./secret_text.ts";

/** The texts of secrets that were taken out of their wrapping, for whatever shows what plugins made or said. */
export class RevealedSecrets {
  /** Revealed while no session was built, as in `setup`: they may be anywhere. */
  readonly #always = new Set<string>();
  #current: Set<string> | undefined;

  note(text: string): void {
    // An empty text is everywhere, and hides nothing.
    if (text === "") return;
    const secrets = this.#current ?? this.#always;
    for (const form of formsOf(text)) secrets.add(form);
  }

  /** What `build` returns, and how to hide what it revealed. Builds are not nested. */
  record<Result>(build: () => Result): { readonly result: Result; readonly redact: Redact } {
    const revealed = this.#current = new Set<string>();
    try {
      const result = build();
      return { result, redact: (value) => redact(value, [...this.#always, ...revealed]) };
    } finally {
      this.#current = undefined;
    }
  }

  readonly redact: Redact = (value) => redact(value, [...this.#always, ...this.#current ?? []]);
}

/** A text as it is, and as it stands in formats of Envoy, in URLs and in JSON. */
function formsOf(text: string): readonly string[] {
  return [text, text.replaceAll("%", "%%"), encodeURIComponent(text), JSON.stringify(text).slice(1, -1)];
}

/** The same without secrets; what has none is given back as it is. */
export type Redact = <Value>(value: Value) => Value;

function redact<Value>(value: Value, secrets: readonly string[]): Value {
  if (secrets.length === 0) return value;
  // The longest first: one may be a part of another.
  const sorted = secrets.toSorted((a, b) => b.length - a.length);
  // What takes the place of a part is of its type, but for errors, which are shown as texts anyway.
  return redactPart(value, (text) => sorted.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text)) as Value;
}

function redactPart(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === "string") return hide(value);
  if (value instanceof Error) {
    const text = value.stack ?? value.message;
    return hide(text) === text ? value : hide(text);
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((part) => redactPart(part, hide));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [hide(key), redactPart(part, hide)]));
}
