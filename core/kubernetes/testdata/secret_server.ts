import { createKubernetesClient, type KubernetesClient } from "../kubernetes_client.ts";

export interface SecretOptions {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** An API server that knows Secrets alone, and watches of one label or none. */
export interface SecretServer extends AsyncDisposable {
  readonly client: KubernetesClient;
  /** The path and label selector of each list. */
  readonly lists: readonly string[];
  /** Whether it answers. When it does again, watches must begin anew (410). */
  reachable: boolean;
  /** Makes or changes one. Values are texts. */
  put(name: string, data: Readonly<Record<string, string>>, options?: SecretOptions): void;
  remove(name: string, options?: SecretOptions): void;
}

interface StoredSecret {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly data: Readonly<Record<string, string>>;
}

interface Event {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredSecret;
}

export function startSecretServer(): SecretServer {
  const secrets = new Map<string, StoredSecret>();
  const events: Event[] = [];
  const watches = new Set<{ wake: () => void; end: () => void }>();
  const lists: string[] = [];
  let reachable = true;
  /** Of watches. */
  let oldest = 0;

  function tell(type: Event["type"], object: StoredSecret): void {
    events.push({ type, object });
    for (const { wake } of watches) wake();
  }

  function answer(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    const namespace = /^\/api\/v1\/namespaces\/([^/]+)\/secrets$/.exec(pathname)?.[1];
    if (!reachable) return new Response("away", { status: 503 });
    const [label, value] = (searchParams.get("labelSelector") ?? "").split("=");
    const matches = ({ metadata }: StoredSecret) =>
      metadata.namespace === namespace && (!label || metadata.labels[label] === value);
    if (searchParams.get("watch") === null) {
      lists.push(`${pathname} ${searchParams.get("labelSelector")}`);
      const metadata = { resourceVersion: String(events.length) };
      return Response.json({ metadata, items: [...secrets.values()].filter(matches) });
    }
    let next = Number(searchParams.get("resourceVersion"));
    if (next < oldest) return Response.json({ code: 410, message: "too old" }, { status: 410 });
    const encoder = new TextEncoder();
    let watch: { wake: () => void; end: () => void };
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        watch = {
          wake() {
            for (; next < events.length; next++) {
              const event = events[next];
              if (event && matches(event.object)) controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
            }
          },
          end: () => controller.close(),
        };
        watches.add(watch);
        watch.wake();
      },
      cancel: () => void watches.delete(watch),
    });
    return new Response(body);
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const client = createKubernetesClient({
    server: `http://127.0.0.1:${server.addr.port}`,
    namespace: "own",
    credentials: () => Promise.resolve({ headers: {} }),
  });
  return {
    client,
    lists,
    get reachable() {
      return reachable;
    },
    set reachable(now) {
      reachable = now;
      if (now) {
        oldest = events.length;
        return;
      }
      for (const { end } of watches) end();
      watches.clear();
    },
    put(name, data, { namespace = "own", labels = {} } = {}) {
      const before = secrets.get(`${namespace}/${name}`);
      const uid = before?.metadata.uid ?? crypto.randomUUID();
      const encoded = Object.entries(data).map(([key, text]) => [key, new TextEncoder().encode(text).toBase64()]);
      const secret = {
        metadata: { namespace, name, uid, resourceVersion: String(events.length + 1), labels },
        data: Object.fromEntries(encoded),
      };
      secrets.set(`${namespace}/${name}`, secret);
      tell(before ? "MODIFIED" : "ADDED", secret);
    },
    remove(name, { namespace = "own" } = {}) {
      const secret = secrets.get(`${namespace}/${name}`);
      if (!secret) throw new RangeError(`Cannot remove "${name}": there is none`);
      secrets.delete(`${namespace}/${name}`);
      tell("DELETED", { ...secret, metadata: { ...secret.metadata, resourceVersion: String(events.length + 1) } });
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await server.shutdown();
    },
  };
}
