import { z } from "zod";
import { PROBLEM_MEDIA_TYPE, toProblem } from "../../http/problem.ts";
import type { Delivery, EnvoyDelivery } from "../../observe/deliveries.ts";
import { ERROR_CODES, SignalboxError } from "../../signalbox_error.ts";

const rejection = z.object({
  resource: z.string().describe("Its name."),
  type: z.string().describe("As cluster, scoped_route."),
  message: z.string().describe("Envoy's own words."),
  plugin: z.string().exactOptional().describe("The plugin that touched it last."),
});

/** A `Delivery` as JSON. */
export const deliverySchema = z.object({
  state: z.enum(["live", "pending", "rejected"]).describe("live: every connected Envoy that gets it has it."),
  envoys: z.array(z.object({
    node: z.string().describe("Envoy's node id."),
    group: z.string(),
    state: z.enum(["live", "pending", "joining", "stuck", "rejected"]).describe(
      "joining: it has just connected; stuck: it has not answered for some seconds.",
    ),
    ms: z.number().exactOptional().describe("From the change until it had acknowledged it."),
    rejection: rejection.exactOptional(),
  })),
}).meta({ id: "Delivery", description: "Where the connected Envoys are with a change." });

/** A success, or 202 where the change is not live (yet), or a problem where an Envoy rejects it. */
export function receiptResponse(
  body: object,
  delivery: Delivery,
  { status, headers = {} }: { readonly status: number; readonly headers?: Readonly<Record<string, string>> },
): Response {
  if (delivery.state !== "rejected") {
    return Response.json({ ...body, delivery }, { status: delivery.state === "live" ? status : 202, headers });
  }
  const { http } = ERROR_CODES.rejected_by_envoy;
  return Response.json({ ...toProblem(toRejectedError(delivery)), delivery }, {
    status: http,
    headers: { ...headers, "content-type": PROBLEM_MEDIA_TYPE },
  });
}

/** What a caller is told when an Envoy rejects its session. */
export function toRejectedError({ envoys }: Delivery): SignalboxError {
  const issues = envoys.flatMap(describeRejection);
  return new SignalboxError("rejected_by_envoy", issues[0]?.message ?? "", { issues });
}

function describeRejection(envoy: EnvoyDelivery) {
  if (envoy.state !== "rejected") return [];
  const { resource, type, message, plugin } = envoy.rejection;
  const by = plugin === undefined ? "" : ` (touched last by plugin ${plugin})`;
  return [{ path: "", message: `Envoy "${envoy.node}" rejects ${type} "${resource}"${by}: ${message}` }];
}
