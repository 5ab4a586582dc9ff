import type { HookSet } from "../plugin/hook_set.ts";
import type { SessionContext } from "../plugin/hooks.ts";
import { joinPath } from "../proto/bad_field.ts";
import { formatPath } from "../session/issue_path.ts";
import type { Session } from "../session/session.ts";
import { deepFreeze } from "./deep_freeze.ts";
import type { Failure } from "./failure.ts";

export type Contexts =
  /** By the plugins' places in the configuration. */
  | { readonly ok: true; readonly contexts: readonly SessionContext<unknown>[] }
  | { readonly ok: false; readonly failures: readonly Failure[] };

/**
 * What each plugin is told of a session, frozen. Fails with everything that the session says to plugins and should not: what a
 * plugin's schema refuses, and what is said to no plugin. A typing error must not make a session that does without its rules.
 */
export function readContexts(session: Session, hookSets: readonly HookSet[]): Contexts {
  if (hookSets.length > 0) deepFreeze(session);
  const failures: Failure[] = [];
  const contexts: SessionContext<unknown>[] = [];
  let heard = 0;
  for (const { plugin, readInput } of hookSets) {
    const said = Object.hasOwn(session.plugins, plugin) ? session.plugins[plugin] : undefined;
    if (said !== undefined) heard++;
    let input: unknown;
    if (readInput !== undefined) {
      const result = readInput(said);
      if (result.ok) input = deepFreeze(result.input);
      else failures.push(...result.issues.map(({ path, message }) => ({ plugin, path: below(plugin, path), message })));
    } else if (said !== undefined) {
      failures.push({
        plugin,
        path: below(plugin, ""),
        message: "is not asked for: the plugin takes nothing of sessions",
      });
    }
    contexts.push(Object.freeze({ session, input }));
  }
  if (heard < Object.keys(session.plugins).length) {
    const known = new Set(hookSets.map(({ plugin }) => plugin));
    for (const name of Object.keys(session.plugins)) {
      if (!known.has(name)) failures.push({ path: below(name, ""), message: "there is no plugin of this name" });
    }
  }
  return failures.length > 0 ? { ok: false, failures } : { ok: true, contexts };
}

const below = (plugin: string, path: string): string => joinPath(formatPath(["plugins", plugin]), path);
