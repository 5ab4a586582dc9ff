import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { join } from "node:path";
import { CLUSTER, SCOPED_ROUTE } from "../../core/cache/resource_type.ts";
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { signalboxProgram } from "../../core/dev/signalbox_program.ts";
import { openAdsStream } from "../bench/ads_client.ts";
import { preload } from "../bench/preload.ts";
import { createApiClient } from "./api_client.ts";

const SESSIONS = 10_000;
const CLIENTS = 3;

/** Writes over what is freed: who reads it after that fails. */
const STRESS = ["/usr/bin/env", "MALLOC_PERTURB_=165", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"];

const CONFIG = `
domain: example.org
http: { port: 0 }
grpc: { enabled: false }
xds: { port: 0 }
store: { kind: memory }
log: { format: json }
`;

Deno.test("clients that say GOAWAY and leave do Signalbox no harm", async () => {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-e2e-" });
  try {
    const configPath = join(folder, "signalbox.yaml");
    await Deno.writeTextFile(configPath, CONFIG);
    await using signalbox = await startSignalbox({ configPath, program: [...STRESS, ...signalboxProgram()] });
    await preload(createApiClient(signalbox.httpUrl), SESSIONS, { address: "127.0.0.11", port: 50051 });
    for (let client = 0; client < CLIENTS; client++) await takeEverythingAndLeave(signalbox.xdsPort);
    await sayGoawayAtOnce(signalbox.xdsPort);
    const { status } = await createApiClient(signalbox.httpUrl).request("GET", "/readyz");
    assert.equal(status, 200);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function takeEverythingAndLeave(port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let resources = 0;
  using _stream = openAdsStream({
    address: `127.0.0.1:${port}`,
    nodeId: "leaves",
    types: [{ typeUrl: CLUSTER }, { typeUrl: SCOPED_ROUTE }],
    onResponse(response) {
      resources += response.resources.length;
      if (resources >= 2 * SESSIONS) resolve();
    },
    onEnd: () => reject(new Error(`The stream ended after ${resources} resources`)),
  });
  await promise;
}

/** A client that has no stream, and is told that Signalbox goes too. */
async function sayGoawayAtOnce(port: number): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, "remoteSettings");
  session.goaway();
  await once(session, "close");
}
