import { testWithEnvoy } from "./envoy_test_case.ts";
import type { WorldOptions } from "./harness.ts";

type Layout = Required<Pick<WorldOptions, "routes" | "mode">>;

/** Every way in which an Envoy takes its routes. Envoy's VHDS exists in the delta protocol only. */
const LAYOUTS: readonly Layout[] = [
  { routes: "scoped", mode: "delta" },
  { routes: "scoped", mode: "sotw" },
  { routes: "rds", mode: "delta" },
  { routes: "rds", mode: "sotw" },
  { routes: "vhds", mode: "delta" },
];

/** The same test in every layout. */
export function testEveryLayout(name: string, run: (layout: Layout) => Promise<void>): void {
  for (const layout of LAYOUTS) testWithEnvoy(`${name} (${layout.routes}, ${layout.mode})`, () => run(layout));
}
