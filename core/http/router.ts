import { getLogger } from "@logtape/logtape";
import { type Context, Hono } from "hono";
import type { Identity } from "../access/identity.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { HttpClient } from "./http_server.ts";
import { problemResponse } from "./problem.ts";

/** What comes with a request, and what is found out about it. */
export interface RouterEnv {
  readonly Bindings: {
    readonly client: HttpClient;
  };
  readonly Variables: {
    /** Who sent it; on paths behind the guard only. */
    readonly identity: Identity;
  };
}

export type Router = Hono<RouterEnv>;

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Answers a request, or throws a `SignalboxError`, which becomes a problem. */
export type Handler = (context: Context<RouterEnv>) => Response | Promise<Response>;

const log = getLogger(["signalbox", "http"]);

/** A router whose every failure is a problem+json. */
export function createRouter(): Router {
  const router = new Hono<RouterEnv>();
  // HEAD is answered by what answers GET; the length that it tells is that of GET's body (RFC 9110, 9.3.2).
  router.use(async (context, next) => {
    await next();
    if (context.req.method !== "HEAD") return;
    const { byteLength } = await context.res.clone().arrayBuffer();
    context.header("content-length", String(byteLength));
  });
  router.notFound(({ req }) =>
    problemResponse(new SignalboxError("not_found", `Cannot find "${req.path}": no such path`))
  );
  router.onError((thrown, { req }) => {
    const error = SignalboxError.from(thrown);
    if (error.code === "internal") {
      log.error("Cannot answer a request", { method: req.method, path: req.path, error: thrown });
    }
    // RFC 9110, 15.5.9: the client is not to send the rest of that body, nor anything after it.
    return problemResponse(error, error.code === "request_timeout" ? { connection: "close" } : {});
  });
  return router;
}

/** The methods of one path. Any other is refused, with those that there are. */
export function addPath(router: Router, path: string, handlers: Readonly<Partial<Record<Method, Handler>>>): void {
  for (const [method, handler] of Object.entries(handlers)) router.on(method, path, handler);
  const allow = Object.keys(handlers).flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  router.all(path, ({ req }) => {
    const error = new SignalboxError("method_not_allowed", `Cannot ${req.method} "${req.path}": only ${allow}`);
    return problemResponse(error, { allow });
  });
}
