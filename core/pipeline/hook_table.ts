import type { HookFunctions, HookName, HookOrder } from "../plugin/hooks.ts";
import type { HookSet } from "../plugin/hook_set.ts";
import type { Step } from "./run_hooks.ts";

/** Measures hooks; time is the caller's. */
export interface HookClock {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Called once for every hook of every plugin; what it returns is told what each run took. */
  timer(plugin: string, hook: HookName): (ms: number) => void;
}

/** The hooks of all plugins, point by point, each in the order in which they run. Made once: sessions are built from it. */
export interface HookTable {
  readonly hookSets: readonly HookSet[];
  readonly points: { readonly [Name in HookName]: readonly Step<HookFunctions<never>[Name]>[] };
  readonly now: (() => number) | undefined;
}

const RANKS: Readonly<Record<HookOrder, number>> = { pre: -1, post: 1 };

export function createHookTable(hookSets: readonly HookSet[], clock?: HookClock): HookTable {
  const point = <Name extends HookName>(name: Name): readonly Step<HookFunctions<never>[Name]>[] => {
    const ranked = hookSets.flatMap(({ plugin, hooks }, index) => {
      const hook = hooks[name];
      if (hook === undefined) return [];
      const { order, run } = typeof hook === "function" ? { order: undefined, run: hook } : hook;
      const took = clock?.timer(plugin, name);
      // The compiler does not see that a hook of this name is a function of this name.
      const step: Step<HookFunctions<never>[Name]> = { plugin, index, run: run as HookFunctions<never>[Name], took };
      return [{ step, rank: order === undefined ? 0 : RANKS[order] }];
    });
    return ranked.toSorted((a, b) => a.rank - b.rank).map(({ step }) => step);
  };
  return {
    hookSets,
    now: clock && (() => clock.now()),
    points: {
      session: point("session"),
      endpoint: point("endpoint"),
      cluster: point("cluster"),
      secret: point("secret"),
      route: point("route"),
      virtualHost: point("virtualHost"),
      listener: point("listener"),
      extras: point("extras"),
    },
  };
}
