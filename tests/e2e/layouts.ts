import { testWithEnvoy } from "./envoy_test_case.ts";
import type { WorldOptions } from "./harness.ts";

type Layout = Required<Pick<WorldOptions, "routes" | "clusters" | "mode">>;

const ON_DEMAND: readonly Layout[] = [
  { routes: "scoped", clusters: "on-demand", mode: "delta" },
  // Hosts are on demand too.
  { routes: "vhds", clusters: "on-demand", mode: "delta" },
];

/** Every way in which an Envoy takes what it has. Envoy's VHDS, and what is on demand, is for the delta protocol only. */
const LAYOUTS: readonly Layout[] = [
  { routes: "scoped", clusters: "push", mode: "delta" },
  { routes: "scoped", clusters: "push", mode: "sotw" },
  { routes: "rds", clusters: "push", mode: "delta" },
  { routes: "rds", clusters: "push", mode: "sotw" },
  { routes: "vhds", clusters: "push", mode: "delta" },
  ...ON_DEMAND,
];

/** The same test in every layout. */
export function testEveryLayout(name: string, run: (layout: Layout) => Promise<void>): void {
  testLayouts(LAYOUTS, name, run);
}

/** The same test in every layout in which Envoy asks for a session's cluster when it is first called. */
export function testOnDemand(name: string, run: (layout: Layout) => Promise<void>): void {
  testLayouts(ON_DEMAND, name, run);
}

function testLayouts(layouts: readonly Layout[], name: string, run: (layout: Layout) => Promise<void>): void {
  for (const layout of layouts) {
    const { routes, clusters, mode } = layout;
    testWithEnvoy(`${name} (${routes}, ${clusters === "push" ? "" : "on demand, "}${mode})`, () => run(layout));
  }
}
