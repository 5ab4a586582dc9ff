import assert from "node:assert/strict";
import { buildClustersAnswer, buildRoutesAnswer } from "./discovery_answer.ts";

Deno.test("every host of the routes leads to a cluster of the other answer, and to its session's pod", () => {
  const tasks = [{ id: "a", address: "127.0.0.11", port: 1 }, { id: "b", address: "127.0.0.12", port: 2 }];
  const clusters = buildClustersAnswer(tasks, 3);
  const routes = buildRoutesAnswer(tasks, 3, "example.org");
  const pods = new Map(clusters.resources.map(({ name, load_assignment: { endpoints } }) => [
    name,
    endpoints[0]?.lb_endpoints[0]?.endpoint.address.socket_address,
  ]));
  const hosts = routes.resources[0]?.virtual_hosts.map(({ domains, routes }) => [
    domains[0],
    pods.get(routes[0]?.route.cluster ?? ""),
  ]);
  assert.deepEqual(hosts, [
    ["a.example.org", { address: "127.0.0.11", port_value: 1 }],
    ["b.example.org", { address: "127.0.0.12", port_value: 2 }],
  ]);
  assert.deepEqual([clusters.version_info, routes.version_info], ["3", "3"]);
});
