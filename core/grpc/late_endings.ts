import type { Http2Server, ServerHttp2Session } from "node:http2";
import { nextTick } from "node:process";

/**
 * Has sessions of the server end a little later when their client says GOAWAY. Deno 2.9.6 ends them while its HTTP/2 library
 * still reads that frame, and goes on to read in memory that it has freed: any client could end this process so.
 */
export function endSessionsLate(server: Http2Server): void {
  server.prependListener("session", endLate);
}

function endLate(session: ServerHttp2Session): void {
  let isReading = false;
  session.prependListener("goaway", () => {
    isReading = true;
    nextTick(() => isReading = false);
  });
  const close = session.close.bind(session);
  const destroy = session.destroy.bind(session);
  session.close = (...args) => isReading ? void setImmediate(close, ...args) : close(...args);
  session.destroy = (...args) => isReading ? void setImmediate(destroy, ...args) : destroy(...args);
}
