import type { Resource, RouteParts } from "../cache/resource.ts";
import { ROUTE, type TypeUrl, VIRTUAL_HOST } from "../cache/resource_type.ts";
import { messageNameOf } from "../proto/any_value.ts";
import { decodeMessage, messageToJson } from "../proto/codec.ts";
import type { JsonValue, MessageName } from "../proto/message_types.ts";
import { concatBytes } from "../proto/wire.ts";
import type { Timers } from "../timers.ts";
import type { SotwPayload } from "./sotw_subscription.ts";

/** What a `DiscoveryResponse` in JSON is made of. */
export interface JsonResponse {
  /** The type of the resources as they are encoded. */
  readonly typeUrl: TypeUrl;
  /** What the client calls it. */
  readonly asTypeUrl: string;
  readonly payload: SotwPayload;
  /** What the client calls the route configuration, where that is not its own name. */
  readonly routesAs?: string;
}

/** Smaller bodies are made as fast as found. */
const MIN_SHARED_BYTES = 64 * 1024;

/** After so many messages that were turned into JSON, others have their turn. */
const BATCH = 100;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * By resource, or by virtual host of a route configuration: its JSON object in UTF-8 without the brace that opens it. So
 * nothing is turned into JSON twice.
 */
const texts = new WeakMap<Resource | Uint8Array, Bytes>();

interface Made {
  readonly response: JsonResponse;
  readonly body: Promise<Bytes>;
}

/** Makes JSON of responses, and remembers the last large one of each type: clients in step get the same bytes. */
export class JsonResponses {
  readonly #timers: Pick<Timers, "nextTurn">;
  readonly #last = new Map<string, Made>();

  constructor(timers: Pick<Timers, "nextTurn">) {
    this.#timers = timers;
  }

  /** The response in UTF-8. */
  async encode(response: JsonResponse): Promise<Bytes> {
    const { asTypeUrl } = response;
    const last = this.#last.get(asTypeUrl);
    if (last && isSame(last.response, response)) return await last.body;
    const made: Made = { response, body: this.#make(response) };
    this.#last.set(asTypeUrl, made);
    const body = await made.body;
    if (body.length < MIN_SHARED_BYTES && this.#last.get(asTypeUrl) === made) this.#last.delete(asTypeUrl);
    return body;
  }

  async #make({ typeUrl, asTypeUrl, payload, routesAs }: JsonResponse): Promise<Bytes> {
    await this.#prepare(typeUrl, payload.resources);
    const head = JSON.stringify({ versionInfo: payload.version, typeUrl: asTypeUrl }).slice(0, -1);
    const opening = utf8(`{"@type":${JSON.stringify(asTypeUrl)},`);
    const parts = [utf8(`${head},"resources":[`)];
    for (const [index, resource] of payload.resources.entries()) {
      if (index > 0) parts.push(COMMA);
      parts.push(opening);
      if (resource.parts) pushRoutes(parts, resource.parts, routesAs);
      else parts.push(textOf(typeUrl, resource));
    }
    parts.push(CLOSING);
    return concatBytes(parts);
  }

  /** Makes the texts that there are not yet, a batch a turn. */
  async #prepare(typeUrl: TypeUrl, resources: readonly Resource[]): Promise<void> {
    let made = 0;
    for (const resource of resources) {
      for (const part of resource.parts?.virtualHosts ?? [resource]) {
        if (texts.has(part)) continue;
        textOf(resource.parts ? VIRTUAL_HOST : typeUrl, part);
        if (++made % BATCH === 0) await this.#timers.nextTurn();
      }
    }
  }
}

/** Versions do not tell: one client may be sent a resource in other bytes than the others. */
function isSame(a: JsonResponse, b: JsonResponse): boolean {
  const [own, others] = [a.payload.resources, b.payload.resources];
  return a.payload.version === b.payload.version && a.routesAs === b.routesAs && own.length === others.length &&
    own.every((resource, index) => resource === others[index]);
}

function textOf(typeUrl: TypeUrl, source: Resource | Uint8Array): Bytes {
  const known = texts.get(source);
  if (known !== undefined) return known;
  const text = utf8(JSON.stringify(jsonOf(typeUrl, source instanceof Uint8Array ? source : source.body)).slice(1));
  texts.set(source, text);
  return text;
}

/** Adds the object of a route configuration, without the brace that opens it. */
function pushRoutes(parts: Bytes[], { frame, virtualHosts }: RouteParts, name: string | undefined): void {
  const routes = jsonOf(ROUTE, frame) as { readonly name: string };
  const head = JSON.stringify(name === undefined ? routes : { ...routes, name }).slice(1, -1);
  parts.push(utf8(`${head},"virtualHosts":[`));
  for (const [index, virtualHost] of virtualHosts.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(OPENING, textOf(VIRTUAL_HOST, virtualHost));
  }
  parts.push(CLOSING);
}

function jsonOf(typeUrl: TypeUrl, body: Uint8Array): JsonValue {
  // Every type URL ends in the name of a message type.
  const type = messageNameOf(typeUrl) as MessageName;
  return messageToJson(type, decodeMessage(type, body));
}

const encoder = new TextEncoder();
const utf8 = (text: string): Bytes => encoder.encode(text);

const OPENING = utf8("{");
const COMMA = utf8(",");
const CLOSING = utf8("]}");
