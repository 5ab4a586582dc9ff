import fc from "fast-check";
import { type SotwRequest, type SotwResponse, SotwStream } from "../../core/xds/sotw_stream.ts";
import { Conversation, type Protocol } from "./conversation.ts";
import { Temper } from "./envoy.ts";
import { SotwAudit } from "./sotw_audit.ts";
import { COMPLETE, SotwEnvoy } from "./sotw_envoy.ts";
import { beginningOf, stepsOf, take, temper } from "./steps.ts";

const SOTW: Protocol<SotwRequest, SotwResponse> = {
  createMachine: (views) => new SotwStream(views),
  createAudit: () => new SotwAudit(),
  tellsGone: (typeUrl) => COMPLETE.has(typeUrl),
  remembers: false,
};

const TYPES = { virtualHosts: false };

Deno.test("a client of the state of the world has what it should have, however things come about", () => {
  fc.assert(
    fc.property(temper, beginningOf(TYPES), stepsOf(TYPES), (temper, beginning, steps) => {
      const conversation = new Conversation(SOTW, new SotwEnvoy(new Temper(temper)));
      for (const [typeUrl, names] of beginning) conversation.subscribe(typeUrl, names);
      for (const step of steps) take(conversation, step);
      conversation.rest();
    }),
    { numRuns: Number(Deno.env.get("RUNS") ?? 150) },
  );
});
