import { queryOf } from "../../http/query.ts";
import { addPath, type Router } from "../../http/router.ts";
import { SignalboxError } from "../../signalbox_error.ts";
import type { Receipts } from "../receipts.ts";
import { parseWaitQuery } from "./wait_query.ts";

const GENERATION = /^\d{1,15}$/;

/** Whether everything up to a generation has reached the Envoys. */
export function addGenerationsApi(router: Router, { receipts }: { readonly receipts: Receipts }): void {
  addPath(router, "/generations/:generation", {
    async GET({ req }) {
      const text = req.param("generation") ?? "";
      const wait = parseWaitQuery(queryOf(req));
      const generation = GENERATION.test(text) ? Number(text) : undefined;
      const delivery = generation === undefined
        ? undefined
        : wait === undefined
        ? receipts.ofGeneration(generation)
        : await receipts.waitForGeneration(generation, wait.timeoutMs);
      if (delivery === undefined) {
        throw new SignalboxError("not_found", `Cannot find generation "${text}": there is none, or not yet`);
      }
      return Response.json({ generation, delivery }, { status: wait && delivery.state !== "live" ? 202 : 200 });
    },
  });
}
