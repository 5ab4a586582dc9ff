import fc from "fast-check";
import { type DeltaRequest, type DeltaResponse, DeltaStream } from "../../core/xds/delta_stream.ts";
import { Conversation, type Protocol } from "./conversation.ts";
import { DeltaAudit } from "./delta_audit.ts";
import { DeltaEnvoy } from "./delta_envoy.ts";
import { Temper } from "./envoy.ts";
import { beginningOf, stepsOf, take, temper } from "./steps.ts";

const DELTA: Protocol<DeltaRequest, DeltaResponse> = {
  createMachine: (views) => new DeltaStream(views),
  createAudit: (views) => new DeltaAudit(views),
  tellsGone: () => true,
  remembers: true,
};

const TYPES = { virtualHosts: true };

Deno.test("a delta client has what it should have, and no route ever leads nowhere, however things come about", () => {
  fc.assert(
    fc.property(temper, beginningOf(TYPES), stepsOf(TYPES), (temper, beginning, steps) => {
      const conversation = new Conversation(DELTA, new DeltaEnvoy(new Temper(temper)));
      for (const [typeUrl, names] of beginning) conversation.subscribe(typeUrl, names);
      for (const step of steps) take(conversation, step);
      conversation.rest();
    }),
    { numRuns: Number(Deno.env.get("RUNS") ?? 150) },
  );
});
