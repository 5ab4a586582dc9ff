import { type sendUnaryData, Server, type ServerDuplexStream, type ServerUnaryCall, status } from "@grpc/grpc-js";
import type { Buffer } from "node:buffer";
import type { Access } from "../access/access.ts";
import { identityOf } from "../access/grpc_access.ts";
import type { TypeUrl } from "../cache/resource_type.ts";
import type { ViewSource } from "../cache/view_source.ts";
import { addServices, toBuffer } from "../grpc/grpc_service.ts";
import { createHealth } from "../grpc/health.ts";
import { createReflection } from "../grpc/reflection.ts";
import { listen, shutDown } from "../grpc/server_lifecycle.ts";
import { decodeMessage } from "../proto/codec.ts";
import type { Message, MessageName } from "../proto/message_types.ts";
import type { Admit } from "./client.ts";
import { toClientNode } from "./client_node.ts";
import type { ClientView } from "./client_status.ts";
import { type ClientObserver, ClientStream, type StreamKind, type StreamLimits } from "./client_stream.ts";
import { DISCOVERY_METHODS, DISCOVERY_SERVICES, type DiscoveryMethod } from "./discovery_methods.ts";
import { encodeSotwResponse } from "./encode_sotw_response.ts";
import { fetchResources } from "./fetch_resources.ts";
import { DELTA, SOTW } from "./stream_kinds.ts";

export interface XdsServerOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly access: Access;
  readonly admit: Admit;
  readonly limits: StreamLimits;
  readonly observer: ClientObserver;
  /** After this long, give or take a tenth, a connection is to be made anew, so that Envoys spread over replicas. */
  readonly maxConnectionAgeMs: number;
}

export interface XdsServer {
  /** The port that was taken. */
  readonly port: number;
  /** To be called after every change of the cache. */
  advance(): void;
  /** Who is connected. */
  clients(): readonly ClientView[];
  /** Tells every client to go elsewhere, and ends. */
  close(): Promise<void>;
}

type WithNode = { readonly node?: Message<"envoy.config.core.v3.Node"> };
type Stream = { readonly view: ClientView | undefined; advance(): void; abort(code: status, details: string): void };
type DiscoveryRequest = Message<"envoy.service.discovery.v3.DiscoveryRequest">;

const DELTA_REQUEST = "envoy.service.discovery.v3.DeltaDiscoveryRequest";
const REQUEST = "envoy.service.discovery.v3.DiscoveryRequest";

/** How long a connection that is too old, or that is to end, may go on. */
const GRACE_MS = 1000;

/** Serves ADS, the services for one type each, health and reflection, from what `admit` gives a client. Rejects with `address_in_use`. */
export async function startXdsServer(options: XdsServerOptions): Promise<XdsServer> {
  const streams = new Set<Stream>();
  const server = new Server({
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_concurrent_streams": 1024,
    "grpc.max_connection_age_ms": options.maxConnectionAgeMs,
    "grpc.max_connection_age_grace_ms": GRACE_MS,
  });
  for (const method of DISCOVERY_METHODS) addMethod(server, method, { ...options, streams });
  const health = createHealth(DISCOVERY_SERVICES);
  const services = [health.service, ...createReflection([...DISCOVERY_SERVICES, health.service.name])];
  addServices(server, services);
  const port = await listen(server, { key: "xds", ...options });
  // Nothing listens before there is everything to serve.
  health.setServing(true);
  return {
    port,
    advance() {
      for (const stream of streams) stream.advance();
    },
    clients: () => Array.from(streams, ({ view }) => view).filter((view) => view !== undefined),
    async close() {
      for (const stream of streams) stream.abort(status.UNAVAILABLE, "Signalbox is stopping");
      await shutDown(server, { services, graceMs: GRACE_MS });
    },
  };
}

function addMethod(
  server: Server,
  { path, kind, typeUrl }: DiscoveryMethod,
  { admit, limits, observer, streams }: XdsServerOptions & { readonly streams: Set<Stream> },
): void {
  function serve<Wire extends WithNode, Request extends { readonly typeUrl: string }, Response>(
    kind: StreamKind<Wire, Request, Response>,
  ) {
    return (call: ServerDuplexStream<Wire, Uint8Array>) => {
      const ended = () => streams.delete(stream);
      const stream = new ClientStream({
        call,
        kind,
        typeUrl,
        identity: identityOf(call),
        admit,
        limits,
        observer,
        ended,
      });
      streams.add(stream);
    };
  }
  const stream = { path, requestStream: true, responseStream: true, ...BYTES };
  switch (kind) {
    case "delta":
      return server.addService({ [path]: { ...stream, requestDeserialize: decoder(DELTA_REQUEST) } }, {
        [path]: serve(DELTA),
      });
    case "sotw":
      return server.addService({ [path]: { ...stream, requestDeserialize: decoder(REQUEST) } }, {
        [path]: serve(SOTW),
      });
    case "fetch": {
      const unary = { path, requestStream: false, responseStream: false, ...BYTES };
      return server.addService({ [path]: { ...unary, requestDeserialize: decoder(REQUEST) } }, {
        [path]: (call: ServerUnaryCall<DiscoveryRequest, Uint8Array>, done: sendUnaryData<Uint8Array>) => {
          const node = toClientNode(call.request.node, identityOf(call));
          const admission = admit(node);
          if (admission && typeUrl) return done(null, fetch(admission.views, typeUrl, call.request));
          observer.refused(node);
          done({ code: status.PERMISSION_DENIED, details: `Cannot serve node "${node.id}": no group has it` });
        },
      });
    }
  }
}

function fetch(views: ViewSource, typeUrl: TypeUrl, { resourceNames = [] }: DiscoveryRequest): Uint8Array {
  return encodeSotwResponse({ typeUrl, nonce: "", payload: fetchResources(views, typeUrl, resourceNames) });
}

const decoder = <T extends MessageName>(type: T) => (bytes: Buffer): Message<T> => decodeMessage(type, bytes);

/** Responses are encoded by whoever makes them. */
const BYTES = {
  requestSerialize: toBuffer,
  responseSerialize: toBuffer,
  responseDeserialize: (bytes: Buffer) => bytes,
};
