import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import type { ResourceCache } from "../cache/resource_cache.ts";
import { decodeMessage } from "../proto/codec.ts";
import type { Messages } from "../proto/message_types.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { type DeltaOutput, type DeltaRequest, DeltaStream } from "./delta_stream.ts";
import { encodeDeltaResponse } from "./encode_response.ts";
import { encodeSotwResponse } from "./encode_sotw_response.ts";
import type { StreamEvent } from "./event.ts";
import { type SotwOutput, type SotwRequest, SotwStream } from "./sotw_stream.ts";

type WireDelta = Messages["envoy.service.discovery.v3.DeltaDiscoveryRequest"];
type WireSotw = Messages["envoy.service.discovery.v3.DiscoveryRequest"];

/** Who watches the streams. */
export interface StreamObserver {
  opened(protocol: "delta" | "sotw"): void;
  closed(protocol: "delta" | "sotw"): void;
  event(event: StreamEvent): void;
  unknownType(typeUrl: string): void;
}

export interface AdsServer {
  /** The port that was taken. */
  readonly port: number;
  /** To be called after every change of the cache. */
  advance(): void;
  close(): Promise<void>;
}

const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService";

const serialize = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function deltaRequest(wire: WireDelta): DeltaRequest {
  const request = {
    typeUrl: wire.typeUrl ?? "",
    subscribe: wire.resourceNamesSubscribe ?? [],
    unsubscribe: wire.resourceNamesUnsubscribe ?? [],
    initialVersions: wire.initialResourceVersions ?? {},
    nonce: wire.responseNonce ?? "",
  };
  return wire.errorDetail ? { ...request, error: wire.errorDetail.message ?? "" } : request;
}

function sotwRequest(wire: WireSotw): SotwRequest {
  const request = {
    typeUrl: wire.typeUrl ?? "",
    names: wire.resourceNames ?? [],
    version: wire.versionInfo ?? "",
    nonce: wire.responseNonce ?? "",
  };
  return wire.errorDetail ? { ...request, error: wire.errorDetail.message ?? "" } : request;
}

interface Machine<Request, Response> {
  readonly lost: boolean;
  receive(request: Request): { readonly responses: readonly Response[]; readonly events: readonly StreamEvent[] };
  advance(): { readonly responses: readonly Response[]; readonly events: readonly StreamEvent[] };
  close(): void;
}

/** Runs one machine on one gRPC stream: bytes and sockets here, the protocol there. */
function drive<Wire, Request extends { readonly typeUrl: string }, Response>(options: {
  readonly call: ServerDuplexStream<Wire, Uint8Array>;
  readonly machine: Machine<Request, Response>;
  readonly parse: (wire: Wire) => Request;
  readonly encode: (response: Response) => Uint8Array;
  readonly observer: StreamObserver;
  readonly closed: () => void;
}): { advance(): void } {
  const { call, machine, observer } = options;
  let open = true;
  const end = () => {
    if (!open) return;
    open = false;
    machine.close();
    options.closed();
  };
  const put = (output: { responses: readonly Response[]; events: readonly StreamEvent[] }) => {
    for (const response of output.responses) call.write(options.encode(response));
    for (const event of output.events) observer.event(event);
    if (!machine.lost) return;
    call.emit("error", { code: status.ABORTED, details: "too far behind; connect again" });
    end();
  };
  call.on("data", (wire: Wire) => {
    if (open) put(machine.receive(options.parse(wire)));
  });
  call.on("end", () => {
    end();
    call.end();
  });
  call.on("error", end);
  call.on("cancelled", end);
  call.on("close", end);
  return {
    advance() {
      if (open) put(machine.advance());
    },
  };
}

/** Serves ADS, delta and state of the world, from the cache. Rejects with `address_in_use`. */
export async function startAdsServer(options: {
  readonly cache: ResourceCache;
  readonly address: string;
  readonly port: number;
  readonly observer: StreamObserver;
}): Promise<AdsServer> {
  const { cache, observer } = options;
  const streams = new Set<{ advance(): void }>();
  const server = new Server({
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_concurrent_streams": 1024,
  });
  const method = (name: string) => ({
    path: `${ADS}/${name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: serialize,
    responseSerialize: serialize,
    responseDeserialize: (bytes: Buffer) => bytes,
  });
  server.addService({
    DeltaAggregatedResources: {
      ...method("DeltaAggregatedResources"),
      requestDeserialize: (bytes: Buffer) => decodeMessage("envoy.service.discovery.v3.DeltaDiscoveryRequest", bytes),
    },
    StreamAggregatedResources: {
      ...method("StreamAggregatedResources"),
      requestDeserialize: (bytes: Buffer) => decodeMessage("envoy.service.discovery.v3.DiscoveryRequest", bytes),
    },
  }, {
    DeltaAggregatedResources(call: ServerDuplexStream<WireDelta, Uint8Array>) {
      observer.opened("delta");
      const stream = drive<WireDelta, DeltaRequest, DeltaOutput["responses"][number]>({
        call,
        machine: new DeltaStream(cache),
        parse: deltaRequest,
        encode: encodeDeltaResponse,
        observer,
        closed: () => {
          streams.delete(stream);
          observer.closed("delta");
        },
      });
      streams.add(stream);
    },
    StreamAggregatedResources(call: ServerDuplexStream<WireSotw, Uint8Array>) {
      observer.opened("sotw");
      const stream = drive<WireSotw, SotwRequest, SotwOutput["responses"][number]>({
        call,
        machine: new SotwStream(cache),
        parse: sotwRequest,
        encode: encodeSotwResponse,
        observer,
        closed: () => {
          streams.delete(stream);
          observer.closed("sotw");
        },
      });
      streams.add(stream);
    },
  });
  const host = options.address.includes(":") ? `[${options.address}]` : options.address;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${options.port}`, ServerCredentials.createInsecure(), (error, taken) => {
      if (error) {
        const text = `Cannot listen for xDS on "${host}:${options.port}": the address is taken or not on this machine`;
        reject(new SignalboxError("address_in_use", text, { cause: error }));
      } else resolve(taken);
    });
  });
  return {
    port,
    advance() {
      for (const stream of streams) stream.advance();
    },
    close() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
