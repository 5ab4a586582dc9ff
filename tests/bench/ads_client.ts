import { Client, type ClientDuplexStream, credentials, Metadata } from "@grpc/grpc-js";
import { Reader } from "protobufjs/minimal.js";
import { encodeMessage } from "../../core/proto/codec.ts";

/** What of a response a benchmark needs; resources' bodies are not decoded. */
export interface AdsResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly { readonly name: string; readonly version: string }[];
  readonly removed: readonly string[];
}

export interface AdsStreamOptions {
  /** `127.0.0.1:18000` */
  readonly address: string;
  readonly nodeId: string;
  /** Types to subscribe to with `*`, in this order, each with the versions that the client says it has. */
  readonly types: readonly { readonly typeUrl: string; readonly have?: Readonly<Record<string, string>> }[];
  /** It subscribes, and then reads and says nothing more: as an Envoy that hangs. */
  readonly stopped?: boolean;
  /** Told every response before it is acked. */
  readonly onResponse: (response: AdsResponse) => void;
  readonly onEnd: (reason: string) => void;
}

/** A delta ADS stream on a connection of its own that accepts all it gets, as an Envoy without the work. */
export interface AdsStream extends Disposable {
  close(): void;
}

const DELTA = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

export function openAdsStream(options: AdsStreamOptions): AdsStream {
  const client = new Client(options.address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
  });
  const call: ClientDuplexStream<Uint8Array, Buffer> = client.makeBidiStreamRequest(
    DELTA,
    (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    (bytes: Buffer) => bytes,
    new Metadata(),
    {},
  );
  let open = true;
  const receive = (bytes: Buffer) => {
    const response = readResponse(bytes);
    options.onResponse(response);
    const { typeUrl, nonce: responseNonce } = response;
    if (open) call.write(encodeMessage("envoy.service.discovery.v3.DeltaDiscoveryRequest", { typeUrl, responseNonce }));
  };
  // Nobody who listens for data: nothing is read.
  if (!options.stopped) call.on("data", receive);
  call.on("error", () => {}); // The status says it too.
  call.on("status", ({ code, details }) => {
    if (open) options.onEnd(`${code} ${details}`);
  });
  for (const [index, { typeUrl, have = {} }] of options.types.entries()) {
    call.write(encodeMessage("envoy.service.discovery.v3.DeltaDiscoveryRequest", {
      ...(index === 0 ? { node: { id: options.nodeId, cluster: "bench" } } : {}),
      typeUrl,
      resourceNamesSubscribe: ["*"],
      initialResourceVersions: have,
    }));
  }
  const close = () => {
    open = false;
    call.cancel();
    client.close();
  };
  return { close, [Symbol.dispose]: close };
}

/** A DeltaDiscoveryResponse, its resources' names and versions only: the client must not be what is measured. */
export function readResponse(bytes: Uint8Array): AdsResponse {
  const reader = Reader.create(bytes);
  const response = {
    typeUrl: "",
    nonce: "",
    resources: [] as { readonly name: string; readonly version: string }[],
    removed: [] as string[],
  };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 0x12) response.resources.push(readResource(reader, reader.uint32()));
    else if (tag === 0x22) response.typeUrl = reader.string();
    else if (tag === 0x2a) response.nonce = reader.string();
    else if (tag === 0x32) response.removed.push(reader.string());
    else reader.skipType(tag & 7);
  }
  return response;
}

/** An `envoy.service.discovery.v3.Resource`: field 1 is its version, 3 its name. */
function readResource(reader: Reader, length: number): { readonly name: string; readonly version: string } {
  const end = reader.pos + length;
  let name = "";
  let version = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 0x0a) version = reader.string();
    else if (tag === 0x1a) name = reader.string();
    else reader.skipType(tag & 7);
  }
  return { name, version };
}
