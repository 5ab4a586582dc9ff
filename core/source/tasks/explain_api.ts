import { z } from "zod";
import { addPath, type Router } from "../../http/router.ts";
import { SignalboxError } from "../../signalbox_error.ts";

const resources = z.array(z.unknown()).describe("In Envoy's JSON, without secrets.");

/** What is answered; in the words of `ExplainedSession`. */
export const explanationSchema = z.object({
  id: z.string(),
  served: z.enum(["current", "last", "nothing"])
    .describe(
      "As it would be built now; as it was built before, since now it would be another or nothing; not at all.",
    ),
  steps: z.array(z.object({ plugin: z.string(), hook: z.string(), before: resources, after: resources }))
    .describe("What plugins changed, in the order in which they did."),
  failures: z.array(z.object({
    plugin: z.string().exactOptional(),
    hook: z.string().exactOptional(),
    path: z.string(),
    message: z.string(),
  })).describe("Why it cannot be built, or why it does without some plugins."),
  resources: z.object({ clusters: resources, secrets: resources, virtualHosts: resources }).exactOptional()
    .describe("What would be served; absent where it cannot be built."),
}).meta({ id: "Explanation", description: "How a session came to what is served of it." });

/** How a session came to what is served of it: `explain` gives `undefined` where there is none of the id. */
export function addExplainApi(router: Router, { explain }: { readonly explain: (id: string) => unknown }): void {
  addPath(router, "/xds/tasks/:id/explain", {
    GET({ req }) {
      const id = req.param("id") ?? "";
      const explained = explain(id);
      if (explained === undefined) {
        throw new SignalboxError("not_found", `Cannot explain session "${id}": there is none`);
      }
      return Response.json(explained);
    },
  });
}
