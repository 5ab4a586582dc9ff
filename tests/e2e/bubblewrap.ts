import { join } from "node:path";

/** Whether there is a bubblewrap, which runs programs in namespaces of their own. Without it tests are ignored, but in CI. */
export const hasBubblewrap = await isThere("bwrap");

if (!hasBubblewrap) {
  const reason = "Tests in namespaces are ignored: there is no bwrap (apt-get install bubblewrap).";
  if (Deno.env.get("CI")) throw new Error(reason);
  // deno-lint-ignore no-console
  console.warn(reason);
}

async function isThere(program: string): Promise<boolean> {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const found = await Promise.all(
    folders.map((folder) => Deno.stat(join(folder, program)).then(() => true, () => false)),
  );
  return found.includes(true);
}
