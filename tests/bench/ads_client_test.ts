import assert from "node:assert/strict";
import { encodeMessage } from "../../core/proto/codec.ts";
import { readResponse } from "./ads_client.ts";

Deno.test("readResponse() reads what the codec writes", () => {
  const bytes = encodeMessage("envoy.service.discovery.v3.DeltaDiscoveryResponse", {
    systemVersionInfo: "12",
    typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    nonce: "7",
    resources: [
      {
        name: "s1",
        version: "v1",
        resource: { "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", name: "s1" },
      },
      { name: "s2", version: "v2" },
    ],
    removedResources: ["s3"],
  });
  assert.deepEqual(readResponse(bytes), {
    typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    nonce: "7",
    resources: [{ name: "s1", version: "v1" }, { name: "s2", version: "v2" }],
    removed: ["s3"],
  });
});
