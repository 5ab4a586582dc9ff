import { CLUSTER, ENDPOINT, LISTENER, ROUTE, SCOPED_ROUTE, SECRET, type TypeUrl } from "../cache/resource_type.ts";
import { ROUTES } from "../cache/names.ts";
import type { Identity } from "../access/identity.ts";
import type { HttpClient } from "../http/http_server.ts";
import { readJsonBody } from "../http/json_body.ts";
import { addPath, type Router } from "../http/router.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { Timers } from "../timers.ts";
import type { Admit } from "./client.ts";
import type { ClientNode } from "./client_node.ts";
import { JsonResponses } from "./json_response.ts";
import { parsePollBody, type PollBody } from "./poll_body.ts";
import type { PollRequest, PollResult } from "./pollers.ts";

export interface RestApiOptions {
  readonly pollers: { poll(request: PollRequest): Promise<PollResult | undefined> };
  /** For each version of the API. */
  readonly admit: Readonly<Record<ApiVersion, Admit>>;
  readonly refused: (node: ClientNode) => void;
  /** False: nobody is answered, for others could read it on the way. */
  readonly allowed: boolean;
  /** How long a poll is held that does not say how long its client waits; 0: none is held. */
  readonly longPollMs: number;
  readonly timers: Pick<Timers, "nextTurn">;
}

type ApiVersion = "v2" | "v3";

interface Discovery {
  readonly typeUrl: TypeUrl;
  /** What the client calls it. */
  readonly asTypeUrl: string;
}

const v3 = (typeUrl: TypeUrl): Discovery => ({ typeUrl, asTypeUrl: typeUrl });

/** By version, and by the word in the path: all that the API defines and Signalbox has, and of v2 what was polled for. */
const DISCOVERIES: Readonly<Record<ApiVersion, ReadonlyMap<string, Discovery>>> = {
  v2: new Map([
    ["clusters", { typeUrl: CLUSTER, asTypeUrl: "type.googleapis.com/envoy.api.v2.Cluster" }],
    ["routes", { typeUrl: ROUTE, asTypeUrl: "type.googleapis.com/envoy.api.v2.RouteConfiguration" }],
  ]),
  v3: new Map([
    ["listeners", v3(LISTENER)],
    ["routes", v3(ROUTE)],
    ["scoped-routes", v3(SCOPED_ROUTE)],
    ["clusters", v3(CLUSTER)],
    ["endpoints", v3(ENDPOINT)],
    ["secrets", v3(SECRET)],
  ]),
};

const MAX_BODY_BYTES = 1024 * 1024;

/** The answer has a fifth of the time that the client waits to reach it. */
const HELD_SHARE = 0.8;
const MAX_HOLD_MS = 30_000;

/** The pieces in which a large answer goes out, so that it is known whether it was taken. */
const CHUNK_BYTES = 64 * 1024;

/** xDS by polling: `POST /v3/discovery:clusters` and the like, answered with a `DiscoveryResponse` or 304. */
export function addRestApi(router: Router, options: RestApiOptions): void {
  const { pollers, admit, refused, allowed, longPollMs, timers } = options;
  const responses = new JsonResponses(timers);
  for (const version of ["v2", "v3"] as const) {
    addPath(router, `/${version}/:discovery{discovery:.+}`, {
      async POST(context) {
        const { req } = context;
        const identities: Identity = context.get("identity") ?? [];
        const { address = "" }: HttpClient = context.env?.client ?? {};
        const discovery = discoveryOf(version, req.path);
        if (!allowed) {
          throw new SignalboxError("forbidden", `Cannot serve "${req.path}" in cleartext: http.tls is needed`);
        }
        const body = parsePollBody(await readJsonBody(req.raw, { maxBytes: MAX_BODY_BYTES }), identities);
        checkType(body, discovery);
        const { node, names, version: has, error } = body;
        const admission = admit[version](node);
        if (!admission) {
          refused(node);
          throw new SignalboxError("forbidden", `Cannot serve node "${node.id}": no group has it`);
        }
        const { typeUrl, asTypeUrl } = discovery;
        const routesAs = version === "v2" && typeUrl === ROUTE ? onlyName(names) : undefined;
        const lane = JSON.stringify([typeUrl, [...names].sort()]);
        const result = await pollers.poll({
          // Old fleets often have one node id for all.
          key: JSON.stringify([version, address, identities, node.id, node.cluster]),
          node,
          admission,
          poll: {
            lane,
            typeUrl,
            names: routesAs === undefined ? names : [ROUTES],
            version: has,
            ...(error === undefined ? {} : { error }),
          },
          gone: req.raw.signal,
          holdMs: holdOf(req.header("x-envoy-expected-rq-timeout-ms"), longPollMs),
        });
        if (!result) return new Response(null, { status: 304 });
        const { payload, lost } = result;
        const bytes = await responses.encode({
          typeUrl,
          asTypeUrl,
          payload,
          ...(routesAs === undefined ? {} : { routesAs }),
        });
        return new Response(inChunks(bytes, lost), { headers: { "content-type": "application/json" } });
      },
    });
  }
}

function discoveryOf(version: ApiVersion, path: string): Discovery {
  const known = DISCOVERIES[version];
  const discovery = known.get(path.slice(path.indexOf(":") + 1));
  if (discovery) return discovery;
  const words = [...known.keys()].join(", ");
  throw new SignalboxError("not_found", `Cannot serve "${path}": what can be polled for here are ${words}`);
}

function checkType({ typeUrl }: PollBody, { asTypeUrl }: Discovery): void {
  if (typeUrl === "" || typeUrl === asTypeUrl) return;
  throw new SignalboxError("invalid_request", `Cannot serve "${typeUrl}" here`, {
    issues: [{ path: "type_url", message: `must be "${asTypeUrl}" at this path` }],
  });
}

/** An Envoy of the v2 API has a name of its own for its routes, in its listener; whatever it is, they are those of all sessions. */
function onlyName(names: readonly string[]): string {
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  throw new SignalboxError("invalid_request", "Cannot serve the routes: it is not clear under which name", {
    issues: [{ path: "resource_names", message: "must be one name" }],
  });
}

function holdOf(expectedTimeout: string | undefined, longPollMs: number): number {
  if (longPollMs === 0) return 0;
  const timeoutMs = /^\d{1,9}$/.test(expectedTimeout ?? "") ? Number(expectedTimeout) : 0;
  return timeoutMs > 0 ? Math.min(Math.floor(timeoutMs * HELD_SHARE), MAX_HOLD_MS) : longPollMs;
}

function inChunks(bytes: Uint8Array<ArrayBuffer>, lost: () => void): BodyInit {
  if (bytes.length <= CHUNK_BYTES) return bytes;
  let position = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = bytes.subarray(position, position + CHUNK_BYTES);
      position += chunk.length;
      controller.enqueue(chunk);
      if (position === bytes.length) controller.close();
    },
    cancel: lost,
  }, { highWaterMark: 0 });
}
