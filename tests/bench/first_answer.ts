import { type ClientHttp2Session, connect } from "node:http2";
import { ECHO } from "../../core/dev/echo_service.ts";

/** One connection to Envoy, on which calls to any host are tried. */
export interface Prober extends Disposable {
  /** Calls `host` again and again until it answers; the time of the answer, and how many calls it took. */
  firstAnswer(host: string): Promise<{ readonly atMs: number; readonly tries: number }>;
}

const TIMEOUT_MS = 60_000;
/** An empty gRPC message: not compressed, no bytes. */
const EMPTY_MESSAGE = new Uint8Array(5);

/** `address` is that of a cleartext listener. */
export async function createProber(address: string): Promise<Prober> {
  const session = connect(`http://${address}`);
  await new Promise<void>((resolve, reject) => {
    session.once("connect", () => resolve());
    session.once("error", reject);
  });
  return {
    async firstAnswer(host) {
      const endsAtMs = performance.now() + TIMEOUT_MS;
      for (let tries = 1; performance.now() < endsAtMs; tries++) {
        if (await answers(session, host)) return { atMs: performance.now(), tries };
      }
      throw new Error(`Cannot reach "${host}": no answer within ${TIMEOUT_MS} ms`);
    },
    [Symbol.dispose]: () => session.destroy(),
  };
}

function answers(session: ClientHttp2Session, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const call = session.request({
      ":method": "POST",
      ":path": ECHO.say.path,
      ":authority": host,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let answered = false;
    // An error that Envoy itself makes has its gRPC status in the headers; a backend's answer has it in the trailers.
    call.on("response", (headers) => answered = headers[":status"] === 200 && headers["grpc-status"] === undefined);
    call.on("data", () => {});
    call.on("end", () => resolve(answered));
    call.on("error", reject);
    call.end(EMPTY_MESSAGE);
  });
}
