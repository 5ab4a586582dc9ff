import assert from "node:assert/strict";
import type { ShownDelivery, TasksClient } from "../command/tasks_client.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { createEchoBackend } from "./echo_backend.ts";
import { tryOut, type TryOutOptions } from "./try_out.ts";

const sessions = ["blue", "green"].map((id) => ({ id, address: "127.0.0.1", port: 1 }));

const live: ShownDelivery = { state: "live", envoys: [{ node: "laptop", state: "live" }] };

type Outcome = ShownDelivery | Error | "nothing";

/** A tasks API in which `outcomes` says how the sessions fare; those it does not name are live. */
function tasksOf(outcomes: Readonly<Record<string, Outcome>>): TryOutOptions["tasks"] & { readonly waits: unknown[] } {
  const waits: unknown[] = [];
  const add: TasksClient["add"] = (body, wait) => {
    waits.push(wait);
    const { id } = body as { readonly id: string };
    const outcome = outcomes[id] ?? live;
    if (outcome instanceof Error) return Promise.reject(outcome);
    const session = { id, host: `${id}.dev.localhost`, aliases: [], backends: [], labels: {} };
    return Promise.resolve({ created: true, session, delivery: outcome === "nothing" ? live : outcome });
  };
  const explain: TasksClient["explain"] = (id) =>
    Promise.resolve(
      outcomes[id] === "nothing"
        ? { id, served: "nothing", steps: [], failures: [{ plugin: "p", path: "plugins.p", message: "is required" }] }
        : { id, served: "current", steps: [], failures: [] },
    );
  return { waits, add, explain };
}

async function withTarget(test: (targetOf: NonNullable<TryOutOptions["targetOf"]>) => Promise<void>): Promise<void> {
  const backend = await createEchoBackend({ name: "pod", address: "127.0.0.1" });
  try {
    await test((authority) => Promise.resolve({ address: `127.0.0.1:${backend.port}`, authority }));
  } finally {
    await backend.kill();
  }
}

Deno.test("tryOut() waits for the Envoys and calls the first session that is live", () =>
  withTarget(async (targetOf) => {
    const stuck = { state: "pending", envoys: [{ node: "laptop", state: "stuck" }] };
    const tasks = tasksOf({ blue: stuck });
    const { problems, call } = await tryOut({ tasks, sessions, targetOf });
    assert.deepEqual(problems, ["blue is not live: laptop is stuck"]);
    assert.equal(call?.host, "green.dev.localhost");
    assert.equal(call?.backend, "pod");
    assert.deepEqual(tasks.waits, ["10s", "10s"]);
  }));

Deno.test("tryOut() says why sessions are refused or not served, and calls none of them", async () => {
  const issues = [{ path: "port", message: "must be 2" }, { path: "", message: "too much" }];
  const tasks = tasksOf({ blue: "nothing", green: new SignalboxError("invalid_request", "Cannot add", { issues }) });
  const targetOf = () => Promise.reject(new Error("it was called"));
  assert.deepEqual(await tryOut({ tasks, sessions, targetOf }), {
    problems: [
      "blue is not served: plugin p: plugins.p: is required",
      "green is not served: port: must be 2; too much",
    ],
  });
});

Deno.test("tryOut() waits for nobody and calls nobody where there is no Envoy", async () => {
  const tasks = tasksOf({});
  assert.deepEqual(await tryOut({ tasks, sessions }), { problems: [] });
  assert.deepEqual(tasks.waits, [undefined, undefined]);
});

Deno.test("tryOut() says it when there is no way to a session that is live", async () => {
  const targetOf = () => Promise.reject(new SignalboxError("invalid_config", "Cannot call it: no listener"));
  assert.deepEqual(await tryOut({ tasks: tasksOf({}), sessions, targetOf }), {
    problems: ["Cannot call it: no listener"],
  });
});
