import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { ECHO } from "../../../core/dev/echo_service.ts";

/** A pod whose answers the test chooses while it runs. */
export interface ScriptedPod extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** How many calls of `Say` have come. */
  readonly calls: number;
  /** What is said to `grpc.health.v1.Health/Check`. */
  serving: boolean;
  /** How many calls from now on end with `status`, a gRPC code. */
  fails: { readonly calls: number; readonly status: number };
}

/** What a GET of any path is answered with. */
export const PAGE = "<p>A page that says the same thing again and again.</p>\n".repeat(100);

const HEALTH = "/grpc.health.v1.Health/Check";
const HEALTH_STATUS = { serving: 1, notServing: 2 };

/** Speaks HTTP/2 without TLS: `Say` of the echo service, gRPC health, and a page. */
export async function startScriptedPod(name: string): Promise<ScriptedPod> {
  const state = { serving: true, fails: { calls: 0, status: 0 }, calls: 0 };
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {}); // The caller has gone.
    if (headers[":method"] === "GET") {
      stream.respond({ ":status": 200, "content-type": "text/html" });
      stream.end(PAGE);
      return;
    }
    if (headers[":path"] === HEALTH) {
      return answer(stream, Uint8Array.from([8, state.serving ? HEALTH_STATUS.serving : HEALTH_STATUS.notServing]));
    }
    state.calls++;
    const { calls, status } = state.fails;
    if (calls === 0) {
      const reply = { backend: name, authority: headers[":authority"] ?? "", headers: {}, text: "" };
      return answer(stream, ECHO.say.responseSerialize(reply));
    }
    state.fails = { calls: calls - 1, status };
    stream.respond({ ":status": 200, "content-type": GRPC, "grpc-status": status }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    ...{ name, address: "127.0.0.1", port },
    get calls() {
      return state.calls;
    },
    get serving() {
      return state.serving;
    },
    set serving(serving) {
      state.serving = serving;
    },
    get fails() {
      return state.fails;
    },
    set fails(fails) {
      state.fails = fails;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

const GRPC = "application/grpc";

function answer(stream: ServerHttp2Stream, message: Uint8Array): void {
  stream.respond({ ":status": 200, "content-type": GRPC }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": 0 }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, message.length);
  stream.end(Uint8Array.from([0, ...length, ...message]));
}
