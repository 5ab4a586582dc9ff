/** A module that was run from memory is its own name, all of it. */
const DATA_URL = /data:[\w/]+;base64,[\w+/=.]+/g;

/** What was thrown, for the log: where its stack names a module that was run from memory, it is a text with a short name. */
export function shortStack(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return thrown;
  const short = thrown.stack.replaceAll(DATA_URL, "(pinned)");
  return short === thrown.stack ? thrown : short;
}
