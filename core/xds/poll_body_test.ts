import assert from "node:assert/strict";
import { SignalboxError } from "../signalbox_error.ts";
import { parsePollBody } from "./poll_body.ts";

Deno.test("parsePollBody() reads what Envoy sends, in either spelling, and leaves alone what it does not know", () => {
  const expected = {
    node: {
      id: "envoy-1",
      cluster: "edge",
      metadata: { tier: "gold", nodeName: { in_camelCase: 1 } },
      region: "eu",
      zone: "a",
      subZone: "b",
      userAgent: "envoy",
      identities: ["token:edge"],
    },
    typeUrl: "type.googleapis.com/a.B",
    names: ["x", "y"],
    version: "7",
    error: "no",
  };
  const metadata = { tier: "gold", nodeName: { in_camelCase: 1 } };
  const snake = {
    node: {
      ...{ id: "envoy-1", cluster: "edge", metadata, user_agent_name: "envoy" },
      locality: { region: "eu", zone: "a", sub_zone: "b" },
      build_version: "1.12.0/Clean/RELEASE",
      extensions: [{ name: "envoy.filters.http.router" }],
    },
    version_info: "7",
    resource_names: ["x", "y"],
    type_url: "type.googleapis.com/a.B",
    error_detail: { code: 3, message: "no" },
    something_new: {},
  };
  const camel = {
    node: {
      ...{ id: "envoy-1", cluster: "edge", metadata, userAgentName: "envoy" },
      locality: { region: "eu", zone: "a", subZone: "b" },
    },
    versionInfo: "7",
    resourceNames: ["x", "y"],
    typeUrl: "type.googleapis.com/a.B",
    errorDetail: { message: "no" },
  };
  for (const body of [snake, camel]) assert.deepEqual(parsePollBody(body, ["token:edge"]), expected);
});

Deno.test("parsePollBody() takes a node's id for enough", () => {
  assert.deepEqual(parsePollBody({ node: { id: "a", locality: null }, version_info: null }), {
    node: { id: "a", cluster: "", metadata: {}, region: "", zone: "", subZone: "", userAgent: "", identities: [] },
    typeUrl: "",
    names: [],
    version: "",
  });
});

Deno.test("parsePollBody() names every field that is not as it must be", () => {
  const missing = () => parsePollBody({ node: {} });
  assert.throws(missing, ({ issues }: SignalboxError) => issues.every(({ message }) => message === "is required"));
  const cases: readonly (readonly [unknown, readonly string[]])[] = [
    [[], [""]],
    ["text", [""]],
    [{}, ["node"]],
    [{ node: {} }, ["node.id"]],
    [{ node: { id: "" } }, ["node.id"]],
    [{ node: { id: 5, cluster: [], metadata: "x", locality: { subZone: 1 } }, resource_names: "a", versionInfo: 1 }, [
      "node.cluster",
      "node.id",
      "node.locality.sub_zone",
      "node.metadata",
      "resource_names",
      "version_info",
    ]],
    [{ node: { id: "a" }, resourceNames: ["a", 1] }, ["resource_names[1]"]],
  ];
  for (const [body, paths] of cases) {
    assert.throws(() => parsePollBody(body), (thrown) => {
      assert.ok(thrown instanceof SignalboxError);
      assert.equal(thrown.code, "invalid_request");
      assert.deepEqual(thrown.issues.map(({ path }) => path).sort(), paths);
      for (const { message } of thrown.issues) assert.notEqual(message, "");
      return true;
    });
  }
});
