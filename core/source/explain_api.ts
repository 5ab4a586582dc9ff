import { addPath, type Router } from "../http/router.ts";
import { SignalboxError } from "../signalbox_error.ts";

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
