import { type ErrorCode, SignalboxError } from "../signalbox_error.ts";

interface Result {
  /** SQLite's primary result code (https://sqlite.org/rescode.html). */
  readonly number: number;
  /** How SQLite says it: Deno's `exec()` gives no number. */
  readonly text: string;
  readonly code: ErrorCode;
  readonly state: string;
}

/** Every other result is `store_unavailable`. */
const RESULTS: readonly Result[] = [
  { number: 5, text: "database is locked", code: "store_locked", state: "another process uses it" },
  { number: 13, text: "database or disk is full", code: "store_full", state: "the disk is full" },
  {
    number: 11,
    text: "database disk image is malformed",
    code: "store_damaged",
    state: "the file is damaged; put a backup in its place, or move it away to begin anew",
  },
  {
    number: 26,
    text: "file is not a database",
    code: "store_damaged",
    state: "the file is damaged, or is not Signalbox's",
  },
];

/** What SQLite threw, as a `SignalboxError` whose message begins with `action`; a `SignalboxError` stays as it is. */
export function toStoreError(thrown: unknown, action: string): SignalboxError {
  if (thrown instanceof SignalboxError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const number: unknown = thrown instanceof Error ? Reflect.get(thrown, "errcode") : undefined;
  const result = RESULTS.find((known) =>
    // The low byte: an extended code says more in the others.
    typeof number === "number" ? (number & 0xff) === known.number : message.startsWith(known.text)
  );
  return new SignalboxError(result?.code ?? "store_unavailable", `${action}: ${result?.state ?? message}`, {
    cause: thrown,
  });
}
