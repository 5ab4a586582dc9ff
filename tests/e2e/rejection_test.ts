import assert from "node:assert/strict";
import { join } from "node:path";
import { testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld } from "./harness.ts";

/** Makes of a session with a label what passes every check of the API, and is refused by Envoy all the same. */
const SPOIL = `export default {
  apiVersion: 1,
  setup: () => ({
    cluster(cluster, { session }) {
      if (session.labels.bad === "cluster") return { ...cluster, lbPolicy: "CLUSTER_PROVIDED" };
    },
    route(route, { session }) {
      if (session.labels.bad === "route") return { ...route, match: { safeRegex: { regex: "(" } } };
    },
  }),
};
`;

interface Receipt {
  readonly delivery: {
    readonly state: string;
    readonly envoys: readonly { readonly rejection?: { readonly resource: string } }[];
  };
}

for (
  const layout of [{ routes: "scoped", mode: "delta" }, { routes: "scoped", mode: "sotw" }, {
    routes: "vhds",
    mode: "delta",
  }] as const
) {
  for (const bad of ["cluster", "route"] as const) {
    const name = `a session whose ${bad} Envoy rejects costs no other anything (${layout.routes}, ${layout.mode})`;
    testWithEnvoy(name, async () => {
      await using stack = new AsyncDisposableStack();
      const folder = await Deno.makeTempDir({ prefix: "signalbox-rejection-" });
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const from = join(folder, "spoil.js");
      await Deno.writeTextFile(from, SPOIL);
      const world = stack.use(await createWorld({ ...layout, config: { plugins: [{ name: "spoil", from }] } }));
      const one = await world.addBackend("one");
      const two = await world.addBackend("two");
      const host = (id: string) => `${id}.example.org`;
      const task = (id: string, { address, port }: typeof one, labels = {}) => ({ id, address, port, labels });
      // All that is registered at once is sent at once.
      const register = async (...tasks: readonly ReturnType<typeof task>[]): Promise<Receipt> => {
        const { status, body } = await world.api.request("POST", "/xds/tasks:batch?wait=live", { tasks });
        assert.equal(status, 200, JSON.stringify(body));
        return body as Receipt;
      };

      await register(task("kept", one));
      await world.untilAnswered(host("kept"), "one");
      // The one that is rejected stands in the middle.
      await register(task("a", one), task("b", two), task("kept", two, { bad }), task("c", one), task("d", two));
      await world.untilAnswered(host("a"), "one");
      await world.untilAnswered(host("b"), "two");
      await world.untilAnswered(host("c"), "one");
      await world.untilAnswered(host("d"), "two");
      const asked = await world.api.request("PUT", "/xds/tasks/kept?wait=live", task("kept", two, { bad }));
      const { delivery } = asked.body as Receipt;
      assert.equal(delivery.state, "rejected", JSON.stringify(delivery));
      // It is as it was: with its earlier cluster, or with its earlier route to the cluster that it has now.
      await world.untilAnswered(host("kept"), bad === "cluster" ? "one" : "two");
      // And not left out for good.
      await register(task("kept", two), task("e", one));
      await world.untilAnswered(host("kept"), "two");
      await world.untilAnswered(host("e"), "one");
    });
  }
}
