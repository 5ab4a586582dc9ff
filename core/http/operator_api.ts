import type { Metrics } from "../observe/metrics.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { addPath, type Router } from "./router.ts";

/** How far Signalbox is. Before `ready` nothing is said of sessions: it would look as if there were none. */
export type Phase = "starting" | "ready" | "stopping";

interface PhaseOptions {
  readonly phase: () => Phase;
}

const unready = (action: string, phase: Phase, problems: readonly string[] = []) =>
  new SignalboxError("not_ready", [`Cannot ${action}: Signalbox is ${phase}`, ...problems].join("; "));

interface ProbeOptions extends PhaseOptions {
  /** What is not as it should be though Signalbox serves, or what its start waits for: a line each. */
  readonly problems?: () => readonly string[];
}

/** What probes ask for: whether Signalbox lives, and whether it is ready. They say little else, and are for everybody. */
export function addProbes(router: Router, { phase, problems = () => [] }: ProbeOptions): void {
  addPath(router, "/healthz", { GET: () => new Response("ok\n") });
  addPath(router, "/readyz", {
    GET() {
      if (phase() !== "ready") throw unready("serve", phase(), problems());
      // Ready though something is wrong: what is known is served, and no other Signalbox would do better.
      return new Response(["ok", ...problems(), ""].join("\n"));
    },
  });
}

/** What Prometheus asks for; and what keeps everything that tells of sessions closed until Signalbox is ready. */
export function addOperatorApi(router: Router, { phase, metrics }: PhaseOptions & { readonly metrics: Metrics }): void {
  for (const path of ["/xds/*", "/generations/*", "/v2/*", "/v3/*"]) {
    router.use(path, async (_, next) => {
      if (phase() === "starting") throw unready("answer", phase());
      await next();
    });
  }
  addPath(router, "/metrics", {
    async GET() {
      const { text, contentType } = await metrics.text();
      return new Response(text, { headers: { "content-type": contentType } });
    },
  });
}
