import { type Access, missingProof } from "../access/access.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { problemResponse } from "./problem.ts";
import type { Router } from "./router.ts";

export interface GuardOptions {
  readonly access: Access;
  /** Whether nobody but this machine's processes reaches the server. */
  readonly loopback: boolean;
}

/** A name without a dot is of no page on the web. Envoy has them too: its polls name the cluster that they go to. */
const LOOPBACK_HOST = /^(?:[^.[\]]+|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/** What is added to the router from here on is for those only whom `access` lets in. */
export function addGuard(router: Router, { access, loopback }: GuardOptions): void {
  router.use("*", async (context, next) => {
    const { req, env } = context;
    const authorization = req.header("authorization");
    const identity = access.identify({ ...env?.client, authorization });
    if (!identity) {
      const error = new SignalboxError(
        "unauthenticated",
        `Cannot ${req.method} "${req.path}": ${missingProof({ authorization })}`,
      );
      return problemResponse(error, { "www-authenticate": 'Bearer realm="signalbox"' });
    }
    // A page that has its own name lead to this machine would have its reader's browser send it here.
    if (loopback && identity.length === 0 && !LOOPBACK_HOST.test(new URL(req.url).hostname)) {
      throw new SignalboxError("forbidden", `Cannot ${req.method} "${req.path}": the host is not this machine's`);
    }
    context.set("identity", identity);
    await next();
  });
}
