import type { Metrics } from "../observe/metrics.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { addPath, type Router } from "./router.ts";

/** How far Signalbox is. Before `ready` nothing is said of sessions: it would look as if there were none. */
export type Phase = "starting" | "ready" | "stopping";

/** What probes and Prometheus ask for; and what keeps everything that tells of sessions closed until Signalbox is ready. */
export function addOperatorApi(
  router: Router,
  options: { readonly phase: () => Phase; readonly metrics: Metrics },
): void {
  const { phase, metrics } = options;
  const unready = (action: string) => new SignalboxError("not_ready", `Cannot ${action}: Signalbox is ${phase()}`);

  for (const path of ["/xds/*", "/generations/*"]) {
    router.use(path, async (_, next) => {
      if (phase() === "starting") throw unready("answer");
      await next();
    });
  }
  addPath(router, "/healthz", { GET: () => new Response("ok\n") });
  addPath(router, "/readyz", {
    GET() {
      if (phase() !== "ready") throw unready("serve");
      return new Response("ok\n");
    },
  });
  addPath(router, "/metrics", {
    async GET() {
      const { text, contentType } = await metrics.text();
      return new Response(text, { headers: { "content-type": contentType } });
    },
  });
}
