import { parseSessionFile } from "../author/session_file.ts";
import type { Config } from "../config/config.ts";
import { fileFailure } from "../file_failure.ts";
import type { ListenerSource } from "../pipeline/shared.ts";
import type { PluginRuntimeOptions } from "../plugin/plugin_runtime.ts";
import type { Session } from "../session/session.ts";
import { SignalboxError } from "../signalbox_error.ts";

/** The sessions of a file that a command is given. Throws as `parseSessionFile()`, and `not_found`. */
export async function readSessions(path: string, config: Pick<Config, "domain">): Promise<readonly Session[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new SignalboxError("not_found", `Cannot read sessions "${path}": ${fileFailure(cause)}`, { cause });
  }
  return parseSessionFile(text, config);
}

/** A config's listeners without their certificates, for what shows none. */
export function listenersOf({ listeners }: Pick<Config, "listeners">): readonly ListenerSource[] {
  return listeners.map(({ tls, ...listener }) => tls ? { ...listener, tls: { cert: "", key: "" } } : listener);
}

/** Where Secrets may be that a config refers to, or a session, of a cluster that is not asked what there is. */
export function secretPlaces({ kubernetes, sessionSecrets }: Config): PluginRuntimeOptions["clusterSecrets"] {
  const places = (namespaces: readonly string[]) => ({ namespaces, data: () => undefined, listen: () => {} });
  return {
    ...(kubernetes?.secrets && { plugins: places(kubernetes.secrets.namespaces) }),
    ...(sessionSecrets.kubernetes && { sessions: places([sessionSecrets.kubernetes.namespace]) }),
  };
}
