import type { KubeAccess, KubeCredentials } from "./kube_config.ts";
import { JsonLines } from "./json_lines.ts";
import { KubernetesError } from "./kubernetes_error.ts";

/** An event of a watch as it is on the wire. */
export interface WatchEvent {
  /** `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`. */
  readonly type: string;
  /** What was changed, as it is now; of `DELETED` as it was last, of `ERROR` a `Status`. */
  readonly object: unknown;
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; default `application/json`. For a PATCH it says which kind of patch it is. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Default 15,000. */
  readonly timeoutMs?: number;
}

/** The API server by HTTP. Paths are as `/api/v1/pods`. */
export interface KubernetesClient {
  /** Where Signalbox itself belongs. */
  readonly namespace: string;
  /** The answer's JSON. Rejects with `KubernetesError`. */
  request(path: string, options?: RequestOptions): Promise<unknown>;
  /**
   * The events of a watch as they come, those that come together in one list; an empty one when the watch is open. Ends
   * when the server ends it. Rejects with `KubernetesError`, also where nothing was heard for so long that the connection
   * must be dead.
   */
  watch(path: string, options: Pick<RequestOptions, "query" | "signal">): AsyncIterable<readonly WatchEvent[]>;
  /** Ends idle connections. No request may be under way. */
  close(): void;
}

const TIMEOUT_MS = 15_000;
/** A watch that has nothing to tell has a bookmark about once a minute. */
const SILENCE_MS = 180_000;
/** Tokens are renewed long before they end. */
const CREDENTIALS_MS = 30_000;

interface Connection {
  readonly credentials: KubeCredentials;
  readonly http: Deno.HttpClient;
  readonly atMs: number;
}

export function createKubernetesClient(
  access: KubeAccess,
  { nowMs = () => performance.now() }: { readonly nowMs?: () => number } = {},
): KubernetesClient {
  let connection: Connection | undefined;
  let renewal: Promise<Connection> | undefined;

  /** The one that there is, with other credentials where they are old, or another where the certificates changed. */
  function connect(): Promise<Connection> {
    if (connection && nowMs() - connection.atMs < CREDENTIALS_MS) return Promise.resolve(connection);
    return renewal ??= renew().finally(() => renewal = undefined);
  }

  async function renew(): Promise<Connection> {
    const credentials = await access.credentials();
    const last = connection;
    const http = last && sameTls(last.credentials, credentials) ? last.http : createHttp(credentials);
    // What is under way on the old one goes on.
    if (last && last.http !== http) last.http.close();
    return connection = { credentials, http, atMs: nowMs() };
  }

  async function send(path: string, options: RequestOptions, signal: AbortSignal): Promise<Response> {
    const { method = "GET", query = {}, body, contentType = "application/json" } = options;
    const url = new URL(access.server + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { credentials, http } = await connect();
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { ...credentials.headers, accept: "application/json", "user-agent": "signalbox" };
    const response = await fetch(url, {
      method,
      client: http,
      headers: body === undefined ? headers : { ...headers, "content-type": contentType },
      ...content,
      signal,
    });
    if (response.ok) return response;
    if (response.status === 401 && connection) connection = { ...connection, atMs: -Infinity };
    const text = await readText(response, signal);
    throw KubernetesError.fromStatus(parse(text), { status: response.status, ...retryAfter(response) });
  }

  return {
    namespace: access.namespace,
    async request(path, options = {}) {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      try {
        const response = await send(path, options, signal);
        return parse(await readText(response, signal));
      } catch (thrown) {
        throw KubernetesError.fromFailure(thrown);
      }
    },
    async *watch(path, { query, signal }) {
      const stop = new AbortController();
      const aborted = () => stop.abort(signal?.reason);
      signal?.addEventListener("abort", aborted);
      const late = () => stop.abort(new DOMException("it has fallen silent", "TimeoutError"));
      let timer = setTimeout(late, TIMEOUT_MS);
      const heard = () => {
        clearTimeout(timer);
        timer = setTimeout(late, SILENCE_MS);
      };
      try {
        signal?.throwIfAborted();
        const response = await send(path, { query: { ...query, watch: "true" } }, stop.signal);
        heard();
        yield [];
        const lines = new JsonLines();
        for await (const chunk of readChunks(response, stop.signal)) {
          heard();
          const events = lines.push(chunk).map(toWatchEvent);
          if (events.length > 0) yield events;
        }
      } catch (thrown) {
        throw KubernetesError.fromFailure(thrown);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
      }
    },
    close() {
      connection?.http.close();
      connection = undefined;
    },
  };
}

/**
 * The body until its end or until `signal` is aborted, which rejects. That is not left to `fetch()`: nothing but the
 * response holds the signal that it made of this one, and the response may be collected while its body is read.
 */
async function* readChunks({ body }: Response, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  // It rejects where the connection has broken: `read()` does so as well.
  const cancel = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel);
  try {
    signal.throwIfAborted();
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

async function readText(response: Response, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of readChunks(response, signal)) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function createHttp({ ca, cert, key }: KubeCredentials): Deno.HttpClient {
  const identity = cert === undefined || key === undefined ? {} : { cert, key };
  // A connection for each watch, so that one that hangs holds up nothing else.
  return Deno.createHttpClient({ http2: false, caCerts: ca === undefined ? [] : [ca], ...identity });
}

function sameTls(a: KubeCredentials, b: KubeCredentials): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key;
}

function retryAfter(response: Response): { readonly retryAfterMs?: number } {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or nothing.
    return text;
  }
}

function toWatchEvent(line: unknown): WatchEvent {
  if (typeof line === "object" && line !== null && "type" in line && "object" in line) {
    return { type: String(line.type), object: line.object };
  }
  throw new KubernetesError("it sent a watch event that is none", { status: 0 });
}
