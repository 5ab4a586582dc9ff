import { createRouter } from "../../../http/router.ts";
import type { Recipient } from "../../../observe/deliveries.ts";
import { type RegistrarBed, startBed } from "../../testdata/registrar_bed.ts";
import { addGenerationsApi } from "../generations_api.ts";
import { addTasksApi } from "../tasks_api.ts";
import { assertDescribed } from "./openapi_check.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined where there is none. */
  // deno-lint-ignore no-explicit-any -- tests look into it at will, and it was checked against its schema
  readonly body: any;
}

export interface TasksBed extends RegistrarBed {
  /** A request without a socket. A text is sent as it is, anything else as JSON; every answer is held to the OpenAPI document. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The same, without looking at the answer. */
  fetch(request: Request): Promise<Response>;
}

/** The tasks API over a registrar, a table and a store that can be made to fail. */
export async function startTasksBed(): Promise<TasksBed> {
  const bed = await startBed();
  const router = createRouter();
  addTasksApi(router, { ...bed, parsing: { domain: "example.org", groups: ["default", "eu"] } });
  addGenerationsApi(router, bed);
  const fetch = async (request: Request) => await router.fetch(request);
  return {
    ...bed,
    fetch,
    async ask(method, path, body, headers = { "content-type": "application/json" }) {
      const content = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
      const request = new Request(`http://signalbox${path}`, { method, headers, ...content });
      const response = await fetch(request);
      const text = await response.text();
      const answer = {
        status: response.status,
        headers: response.headers,
        body: text === "" ? undefined : JSON.parse(text),
      };
      if (method !== "HEAD") assertDescribed({ method, path, body }, answer);
      return answer;
    },
  };
}

/** A registration as a pod manager writes it. */
export const TASK = { id: "session-1", address: "10.0.0.1", port: 50051 };

/** `TASK` as the API shows it. */
export const SHOWN = {
  id: "session-1",
  host: "session-1.example.org",
  aliases: [],
  backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
  labels: {},
  plugins: {},
  cluster: "session-1",
  generation: 1,
};

/** `path: message` of every issue. */
export function issuesOf(
  { body }: { readonly body: { readonly issues: readonly { path: string; message: string }[] } },
) {
  return body.issues.map(({ path, message }) => `${path}: ${message}`);
}

/** An Envoy as `Deliveries` knows it. */
export const ENVOY: Recipient = { id: 1, node: { id: "edge-1" }, group: "default", dialect: "envoy" };
