import { join } from "node:path";
import { SignalboxError } from "../signalbox_error.ts";

/**
 * Keeps the laptop's folder, made where it is missing, for this process alone until the lock is disposed of or the
 * process ends. Throws `store_locked` where another has it: two of them would take each other's ports and store.
 */
export async function lockFolder(path: string): Promise<Disposable> {
  await Deno.mkdir(path, { recursive: true });
  const file = await Deno.open(join(path, "lock"), { create: true, write: true });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new SignalboxError("store_locked", `Cannot run in "${path}": another \`dev\` runs there`);
}
