import { setLogger } from "@grpc/grpc-js";
import { getLogger } from "@logtape/logtape";

const log = getLogger(["signalbox", "grpc"]);

/**
 * What grpc-js says of its own accord goes to the log, at level debug, and no longer to standard error as it is: what
 * matters of it comes as an error to whoever called.
 */
export function routeGrpcLog(): void {
  const say = (...parts: unknown[]) => log.debug("{text}", { text: parts.map(String).join(" ") });
  setLogger({ error: say, info: say, debug: say });
}
