import { OPEN_ACCESS } from "../../core/access/access.ts";
import { stringify } from "yaml";
import type { Fragment } from "../../core/cache/fragment.ts";
import { ResourceCache } from "../../core/cache/resource_cache.ts";
import { buildEnvoyBootstrap } from "../../core/command/envoy_bootstrap.ts";
import { type EnvoyProcess, startEnvoy } from "../../core/dev/envoy_process.ts";
import type { Layout } from "../../core/pipeline/listener.ts";
import { buildShared, type ListenerSource } from "../../core/pipeline/shared.ts";
import type { Hooks } from "../../core/plugin/hooks.ts";
import type { StreamEvent } from "../../core/xds/event.ts";
import { startXdsServer } from "../../core/xds/xds_server.ts";
import { envoyPath } from "./envoy_test_case.ts";

export interface BareWorldOptions {
  readonly layout: Layout;
  readonly mode: "delta" | "sotw";
  readonly tls?: ListenerSource["tls"];
  readonly hooks?: Hooks;
}

/** The resource cache, the xDS server and an Envoy, without what makes resources of registrations. */
export interface BareWorld extends AsyncDisposable {
  readonly envoy: EnvoyProcess;
  /** Where the listener "ingress" is. */
  readonly ingress: string;
  /** What the Envoy rejected. */
  readonly nacks: readonly StreamEvent[];
  /** One change: what a session's resources are now, or that it is gone. */
  put(id: string, fragment: Fragment | undefined): void;
}

export async function createBareWorld({ layout, mode, tls, hooks = {} }: BareWorldOptions): Promise<BareWorld> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "signalbox-bare-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const listener = { name: "ingress", address: "127.0.0.1", port: 0, ...(tls ? { tls } : {}) };
  const hookSets = [{ plugin: "test", hooks }];
  const shared = buildShared({ layout, listeners: [listener], hookSets });
  const cache = new ResourceCache(shared, { onDemand: layout.clusters === "on-demand" });
  const nacks: StreamEvent[] = [];
  const server = await startXdsServer({
    address: "127.0.0.1",
    port: 0,
    maxConnectionAgeMs: 3_600_000,
    admit: () => ({ group: "default", dialect: "envoy", views: cache }),
    access: OPEN_ACCESS,
    limits: { maxUnknownNames: 100 },
    observer: {
      opened() {},
      closed() {},
      progressed() {},
      refused() {},
      event(_, event) {
        if (event.kind === "nacked") nacks.push(event);
      },
    },
  });
  stack.defer(() => server.close());
  const bootstrap = buildEnvoyBootstrap({
    mode,
    server: { host: "127.0.0.1", port: server.port },
    nodeId: "test",
    nodeCluster: "test",
    adminPort: 0,
  });
  const envoy = await startEnvoy({ path: envoyPath, bootstrap: stringify(bootstrap), folder });
  stack.defer(() => envoy.stop());
  const ingress = `127.0.0.1:${await envoy.listenerPort("ingress")}`;
  const disposal = stack.move();
  let generation = 0;
  return {
    envoy,
    ingress,
    nacks,
    put(id, fragment) {
      cache.apply(++generation, [{ id, fragment }]);
      server.advance();
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}
