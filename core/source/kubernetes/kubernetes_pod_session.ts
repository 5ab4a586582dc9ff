import type { ParsedSession, ParseSessionOptions } from "../../session/parse_session.ts";
import { readAnnotatedSession, readField } from "./annotated_session.ts";
import type { Pod } from "./kubernetes_pod.ts";

export interface PodSessionOptions {
  readonly parsing: Pick<ParseSessionOptions, "domain" | "groups">;
  /** Of pods that name none; absent: the one that their containers declare, where it is one alone. */
  readonly port?: number;
}

/** The session that a pod with an IP asks for. */
export function readPodSession(pod: Pod, { parsing, port: otherwise }: PodSessionOptions): ParsedSession {
  const { port, portProblem } = readPort(pod, otherwise);
  const fields = { address: pod.ip, port };
  return readAnnotatedSession(pod, portProblem === undefined ? { fields } : { fields, portProblem }, parsing);
}

/** A number or the name of a container's port; without it what the config says, or else the only port that there is. */
function readPort(pod: Pod, otherwise: number | undefined): { readonly port?: number; readonly portProblem?: string } {
  const text = readField(pod, "port");
  if (text !== undefined && /^\d+$/.test(text)) return { port: Number(text) };
  if (text !== undefined) {
    const named = pod.ports.find(({ name }) => name === text);
    if (named) return { port: named.port };
    return { portProblem: `must be a number or the name of a container's port, got "${text}"` };
  }
  const only = pod.ports.length === 1 ? pod.ports[0]?.port : undefined;
  const port = otherwise ?? only;
  return port === undefined ? { portProblem: "is required: the containers do not declare one port alone" } : { port };
}
