import { type sendUnaryData, type ServerDuplexStream, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { decodeMessage } from "../proto/codec.ts";
import type { Message } from "../proto/message_types.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { type ClientView, encodeClientStatus } from "./client_status.ts";

type Request = Message<"envoy.service.status.v3.ClientStatusRequest">;

const SERVICE = "/envoy.service.status.v3.ClientStatusDiscoveryService";

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function method(name: string, { stream }: { readonly stream: boolean }) {
  return {
    path: `${SERVICE}/${name}`,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: toBuffer,
    requestDeserialize: (bytes: Buffer) => decodeMessage("envoy.service.status.v3.ClientStatusRequest", bytes),
    responseSerialize: toBuffer,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
}

/** CSDS, for a `Server` of grpc-js: who is connected, and how far each is with every resource. For operators, not Envoys. */
export function createClientStatusService(clients: () => Iterable<ClientView>) {
  const answer = (request: Request) => {
    try {
      return { ok: true, bytes: encodeClientStatus(clients(), request) } as const;
    } catch (thrown) {
      const { message, issues } = SignalboxError.from(thrown);
      const details = [message, ...issues.map(({ path, message }) => `${path}: ${message}`)].join("; ");
      return { ok: false, error: { code: status.INVALID_ARGUMENT, details } } as const;
    }
  };
  return {
    definition: {
      StreamClientStatus: method("StreamClientStatus", { stream: true }),
      FetchClientStatus: method("FetchClientStatus", { stream: false }),
    },
    implementation: {
      StreamClientStatus(call: ServerDuplexStream<Request, Uint8Array>) {
        call.on("data", (request: Request) => {
          const result = answer(request);
          if (result.ok) call.write(result.bytes);
          else call.emit("error", result.error);
        });
        call.on("end", () => call.end());
      },
      FetchClientStatus(call: ServerUnaryCall<Request, Uint8Array>, done: sendUnaryData<Uint8Array>) {
        const result = answer(call.request);
        if (result.ok) done(null, result.bytes);
        else done(result.error);
      },
    },
  };
}
