import { testWithEnvoy } from "./envoy_test_case.ts";
import type { WorldOptions } from "./harness.ts";

type Layout = Required<Pick<WorldOptions, "routes" | "clusters" | "mode">>;

/** Every way in which an Envoy takes everything over ADS. Envoy's VHDS exists in the delta protocol only. */
const PUSHED: readonly Layout[] = [
  { routes: "scoped", clusters: "push", mode: "delta" },
  { routes: "scoped", clusters: "push", mode: "sotw" },
  { routes: "rds", clusters: "push", mode: "delta" },
  { routes: "rds", clusters: "push", mode: "sotw" },
  { routes: "vhds", clusters: "push", mode: "delta" },
];

/** What is on demand is for the delta protocol only. */
const ON_DEMAND: readonly Layout[] = [
  { routes: "scoped", clusters: "on-demand", mode: "delta" },
  // Hosts are on demand too.
  { routes: "vhds", clusters: "on-demand", mode: "delta" },
];

const POLLED: readonly Layout[] = [
  { routes: "scoped", clusters: "push", mode: "rest" },
  { routes: "rds", clusters: "push", mode: "rest" },
];

/** The same test in every layout and mode. */
export function testEveryLayout(name: string, run: (layout: Layout) => Promise<void>): void {
  testLayouts([...PUSHED, ...ON_DEMAND, ...POLLED], name, run);
}

/** The same test in every layout, with streams. */
export function testEveryLayoutOverAds(name: string, run: (layout: Layout) => Promise<void>): void {
  testLayouts([...PUSHED, ...ON_DEMAND], name, run);
}

/** The same test in every layout in which Envoy asks for a session's cluster when it is first called. */
export function testOnDemand(name: string, run: (layout: Layout) => Promise<void>): void {
  testLayouts(ON_DEMAND, name, run);
}

/** The same test in every layout in which an Envoy can poll. */
export function testEveryPolledLayout(name: string, run: (layout: Layout) => Promise<void>): void {
  testLayouts(POLLED, name, run);
}

function testLayouts(layouts: readonly Layout[], name: string, run: (layout: Layout) => Promise<void>): void {
  for (const layout of layouts) {
    const { routes, clusters, mode } = layout;
    testWithEnvoy(`${name} (${routes}, ${clusters === "push" ? "" : "on demand, "}${mode})`, () => run(layout));
  }
}
