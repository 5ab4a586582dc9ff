import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Identity } from "../access/identity.ts";
import type { TypeUrl } from "../cache/resource_type.ts";
import type { ViewSource } from "../cache/view_source.ts";
import type { Message } from "../proto/message_types.ts";
import { type Admission, type Admit, type Client, nextClientId, type Protocol } from "./client.ts";
import { type ClientNode, toClientNode } from "./client_node.ts";
import type { ClientView } from "./client_status.ts";
import type { StreamEvent } from "./event.ts";
import type { ResourceStatus } from "./resource_status.ts";

/** Who watches the clients. Nothing is told of a client before `opened` or after `closed`. */
export interface ClientObserver {
  opened(client: Client): void;
  closed(client: Client): void;
  event(client: Client, event: StreamEvent): void;
  /** The client has everything up to this step of the cache, and nothing that had gone by then. */
  progressed(client: Client, revision: number): void;
  /** No group has this node. */
  refused(node: ClientNode): void;
}

/** A protocol's state machine for one client. */
export interface Machine<Request, Response> {
  readonly lost: boolean;
  readonly progress: number;
  receive(request: Request): Output<Response>;
  advance(): Output<Response>;
  statuses(): Iterable<ResourceStatus>;
  close(): void;
}

interface Output<Response> {
  readonly responses: readonly Response[];
  readonly events: readonly StreamEvent[];
}

/** What one client may make Signalbox remember. */
export interface StreamLimits {
  /** Names that nobody has, of each type. */
  readonly maxUnknownNames: number;
}

/** A protocol: what it is made of, and what goes over the wire. */
export interface StreamKind<Wire, Request, Response> {
  readonly protocol: Protocol;
  parse(wire: Wire, typeUrl: TypeUrl | undefined): Request;
  create(views: ViewSource, limits: StreamLimits): Machine<Request, Response>;
  encode(response: Response): Uint8Array;
}

export interface ClientStreamOptions<Wire, Request, Response> {
  readonly call: ServerDuplexStream<Wire, Uint8Array>;
  readonly kind: StreamKind<Wire, Request, Response>;
  /** Of a service for one type; absent: ADS. */
  readonly typeUrl: TypeUrl | undefined;
  /** Who opened it. */
  readonly identity: Identity;
  readonly admit: Admit;
  readonly limits: StreamLimits;
  readonly observer: ClientObserver;
  /** Called once, when the stream is over. */
  readonly ended: () => void;
}

type WithNode = { readonly node?: Message<"envoy.config.core.v3.Node"> };

/** Runs one state machine on one gRPC stream: bytes and sockets here, the protocol there. */
export class ClientStream<Wire extends WithNode, Request extends { readonly typeUrl: string }, Response> {
  readonly #options: ClientStreamOptions<Wire, Request, Response>;
  #open = true;
  #machine: Machine<Request, Response> | undefined;
  #client: Client | undefined;
  #progress = -1;

  constructor(options: ClientStreamOptions<Wire, Request, Response>) {
    this.#options = options;
    const { call } = options;
    const end = () => this.#end();
    call.on("data", (wire: Wire) => this.#receive(wire));
    call.on("end", () => {
      end();
      call.end();
    });
    for (const event of ["error", "cancelled", "close"]) call.on(event, end);
  }

  /** Who is at the other end, once it has said so. */
  get view(): ClientView | undefined {
    const client = this.#client;
    const machine = this.#machine;
    return client && machine && { client, statuses: () => machine.statuses() };
  }

  /** The cache has changed. */
  advance(): void {
    if (this.#machine && this.#client) this.#put(this.#client, this.#machine, this.#machine.advance());
  }

  /** Ends the stream with a status that the client reads. */
  abort(code: status, details: string): void {
    if (!this.#open) return;
    this.#options.call.emit("error", { code, details });
    this.#end();
  }

  #receive(wire: Wire): void {
    if (!this.#open) return;
    const { kind, typeUrl } = this.#options;
    // A client need not say who it is more than once.
    const machine = this.#machine ?? this.#begin(toClientNode(wire.node, this.#options.identity));
    if (!machine || !this.#client) return;
    const request = kind.parse(wire, typeUrl);
    if (typeUrl !== undefined && request.typeUrl !== typeUrl) {
      return this.abort(status.INVALID_ARGUMENT, `Cannot serve "${request.typeUrl}" here: only "${typeUrl}"`);
    }
    if (request.typeUrl === "") return this.abort(status.INVALID_ARGUMENT, "Cannot serve the request: no type_url");
    this.#put(this.#client, machine, machine.receive(request));
  }

  #begin(node: ClientNode): Machine<Request, Response> | undefined {
    const { admit, kind, limits, observer } = this.#options;
    const admission: Admission | undefined = admit(node);
    if (!admission) {
      observer.refused(node);
      this.abort(status.PERMISSION_DENIED, `Cannot serve node "${node.id}": no group has it`);
      return undefined;
    }
    const { group, dialect, views } = admission;
    this.#client = { id: nextClientId(), node, group, dialect, protocol: kind.protocol };
    this.#machine = kind.create(views, limits);
    observer.opened(this.#client);
    return this.#machine;
  }

  #put(client: Client, machine: Machine<Request, Response>, { responses, events }: Output<Response>): void {
    const { call, kind, observer } = this.#options;
    // One response of each type is in flight, so that what waits in here for a slow reader is bounded.
    for (const response of responses) call.write(kind.encode(response));
    for (const event of events) observer.event(client, event);
    const { progress } = machine;
    if (progress !== this.#progress) {
      this.#progress = progress;
      observer.progressed(client, progress);
    }
    if (machine.lost) this.abort(status.ABORTED, "Cannot go on: too far behind, connect again");
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#machine?.close();
    if (this.#client) this.#options.observer.closed(this.#client);
    this.#machine = this.#client = undefined;
    this.#options.ended();
  }
}
