import type { EnvoyProcess } from "../../core/dev/envoy_process.ts";

/** What Envoy has been sent: by kind, how often, and what it did to what Envoy has. */
export async function received(envoy: EnvoyProcess): Promise<Readonly<Record<string, number>>> {
  const text = await envoy.admin("/stats?filter=(update_success|update_rejected|_added|_modified|_removed)$");
  const entries = text.trim().split("\n").map((line) => line.split(": ")).filter(([name]) =>
    !name?.includes("runtime")
  );
  return Object.fromEntries(entries.map(([name = "", value]) => [name, Number(value)]));
}

/** The stats that are not what they were, by how much. */
export function difference(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>) {
  const changed = Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  return Object.fromEntries(changed.filter(([, by]) => by !== 0));
}
