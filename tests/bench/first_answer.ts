import { type ClientHttp2Session, connect } from "node:http2";
import { status as grpcStatus } from "@grpc/grpc-js";
import { ECHO } from "../../core/dev/echo_service.ts";

/** One connection to Envoy, on which calls to any host are tried. */
export interface Prober extends Disposable {
  /**
   * Calls `host` again and again until it answers. Between two calls it pauses for `pauseShare` (default 0) of the time
   * that it has waited so far: what takes long is then known as exactly, relatively, and calls do not crowd Envoy.
   */
  firstAnswer(host: string, options?: { readonly pauseShare?: number }): Promise<FirstAnswer>;
}

export interface FirstAnswer {
  readonly atMs: number;
  /** How many calls it took. */
  readonly tries: number;
  /** How many of them had a route whose cluster Envoy did not have. */
  readonly withoutCluster: number;
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
    async firstAnswer(host, { pauseShare = 0 } = {}) {
      const startedAtMs = performance.now();
      let withoutCluster = 0;
      for (let tries = 1; performance.now() < startedAtMs + TIMEOUT_MS; tries++) {
        const outcome = await call(session, host);
        if (outcome === "answered") return { atMs: performance.now(), tries, withoutCluster };
        if (outcome === "no cluster") withoutCluster++;
        const pauseMs = pauseShare * (performance.now() - startedAtMs);
        if (pauseMs >= 1) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      throw new Error(`Cannot reach "${host}": no answer within ${TIMEOUT_MS} ms`);
    },
    [Symbol.dispose]: () => session.destroy(),
  };
}

type Outcome = "answered" | "no cluster" | "failed";

function call(session: ClientHttp2Session, host: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": ECHO.say.path,
      ":authority": host,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let outcome: Outcome = "failed";
    stream.on("response", (headers) => outcome = outcomeOf(headers));
    stream.on("data", () => {});
    stream.on("end", () => resolve(outcome));
    stream.on("error", reject);
    stream.end(EMPTY_MESSAGE);
  });
}

/** An error that Envoy itself makes has its gRPC status in the headers; a backend's answer has it in the trailers. */
export function outcomeOf(headers: Readonly<Record<string, unknown>>): Outcome {
  const status = headers["grpc-status"];
  if (headers[":status"] === 200 && status === undefined) return "answered";
  // Envoy says UNAVAILABLE, and a reason, of a pod that it cannot reach, and no reason where it has no cluster.
  return Number(status) === grpcStatus.UNAVAILABLE && headers["grpc-message"] === undefined ? "no cluster" : "failed";
}
