const REASONS: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["ENOTDIR", "a part of its path is a file"],
  ["EACCES", "permission denied"],
  ["EROFS", "the file system is read-only"],
]);

/** Why a file could not be used, in a few words. */
export function fileFailure(thrown: unknown): string {
  return REASONS.get(errorCode(thrown)) ?? (thrown instanceof Error ? thrown.message : String(thrown));
}

/** The system's code of what went wrong, as `ENOENT`; `undefined` where it has none. */
export function errorCode(thrown: unknown): unknown {
  return thrown instanceof Error ? Reflect.get(thrown, "code") : undefined;
}
