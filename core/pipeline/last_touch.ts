import {
  CLUSTER,
  ENDPOINT,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
  VIRTUAL_HOST,
} from "../cache/resource_type.ts";
import type { HookName } from "../plugin/hooks.ts";
import type { Change } from "./run_hooks.ts";

const OF_CLUSTERS: readonly HookName[] = ["session", "endpoint", "cluster"];
const OF_ROUTES: readonly HookName[] = ["session", "route", "virtualHost"];

/** By whose hooks a session's resources of a type come about. */
const HOOKS: Readonly<Record<TypeUrl, readonly HookName[]>> = {
  [SECRET]: ["session", "secret"],
  [CLUSTER]: OF_CLUSTERS,
  [ENDPOINT]: OF_CLUSTERS,
  [LISTENER]: [],
  [SCOPED_ROUTE]: OF_ROUTES,
  [ROUTE]: OF_ROUTES,
  [VIRTUAL_HOST]: OF_ROUTES,
};

/** Hooks that give back what has the name of the resource. */
const NAMING: readonly HookName[] = ["cluster", "secret"];

/** The plugin that touched a session's resource last; absent where none did. */
export function lastTouch(changes: readonly Change[], typeUrl: TypeUrl, name: string): string | undefined {
  return changes.findLast(({ hook, after }) =>
    HOOKS[typeUrl].includes(hook) &&
    (!NAMING.includes(hook) || after.some((message) => "name" in message && message.name === name))
  )?.plugin;
}
