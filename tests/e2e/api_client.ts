/** An answer of the tasks API, read to its end. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; undefined where there is none, the text where it is no JSON. */
  readonly body: unknown;
}

/** What a test registers. */
export interface Registration {
  readonly id: string;
  readonly host?: string;
  readonly aliases?: readonly string[];
  readonly plugins?: Readonly<Record<string, unknown>>;
  readonly backend: { readonly address: string; readonly port: number };
}

/** The tasks API as a pod manager uses it: nothing is checked or repaired on the way. */
export interface ApiClient {
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ApiAnswer>;
  /** POST; throws where the answer is neither 200 nor 201. */
  register(registration: Registration): Promise<ApiAnswer>;
  /** DELETE; throws where the answer is not a 2xx. */
  remove(id: string): Promise<ApiAnswer>;
  /** A number of `/metrics` by its name and labels, as they are printed; undefined where it isn't there. */
  metric(name: string): Promise<number | undefined>;
}

export function createApiClient(baseUrl: string): ApiClient {
  async function request(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> {
    const content = body === undefined ? {} : {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json" },
    };
    const response = await fetch(baseUrl + path, {
      method,
      ...content,
      headers: { ...content.headers, ...headers },
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, headers: response.headers, body: parse(await response.text()) };
  }

  async function expect2xx(what: string, answer: Promise<ApiAnswer>): Promise<ApiAnswer> {
    const { status, body } = await answer;
    if (status < 200 || status > 299) throw new Error(`Cannot ${what}: ${status} ${JSON.stringify(body)}`);
    return answer;
  }

  return {
    request,
    register: ({ backend: { address, port }, ...rest }) =>
      expect2xx(`register "${rest.id}"`, request("POST", "/xds/tasks", { ...rest, address, port })),
    remove: (id) => expect2xx(`remove "${id}"`, request("DELETE", `/xds/tasks/${id}`)),
    async metric(name) {
      const { body } = await request("GET", "/metrics");
      const line = String(body).split("\n").find((line) => line.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
  };
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
