import { OPEN_ACCESS } from "../../../access/access.ts";
import { GrpcClient } from "../../../grpc/testdata/grpc_client.ts";
import { buildSample, type RegistrarBed, startBed } from "../../testdata/registrar_bed.ts";
import { type GrpcApi, type GrpcApiOptions, startGrpcApi } from "../grpc_api.ts";

export interface GrpcApiBed extends RegistrarBed, AsyncDisposable {
  readonly api: GrpcApi;
  readonly client: GrpcClient;
}

/** On a free port, for everybody. */
export function startOpenGrpcApi(
  { registrar, table, receipts, parsing }: Pick<GrpcApiOptions, "registrar" | "table" | "receipts" | "parsing">,
): Promise<GrpcApi> {
  return startGrpcApi({
    access: OPEN_ACCESS,
    address: "127.0.0.1",
    port: 0,
    registrar,
    table,
    receipts,
    parsing,
    services: [],
  });
}

/** A gRPC API over a registrar, put together as Signalbox does it, and a client of it. */
export async function startGrpcApiBed(
  { serving = true, build = buildSample }: { readonly serving?: boolean; readonly build?: typeof buildSample } = {},
): Promise<GrpcApiBed> {
  const told: { api?: GrpcApi } = {};
  const bed = await startBed({
    build,
    onPublish(generation, changes) {
      told.api?.publish(generation, changes);
      told.api?.advance();
    },
  });
  const { registrar, table, receipts } = bed;
  const parsing = { domain: "example.org", groups: ["default", "eu"] };
  const api = await startOpenGrpcApi({ registrar, table, receipts, parsing });
  told.api = api;
  if (serving) api.serve(registrar.generation);
  const client = new GrpcClient(api.port);
  return {
    ...bed,
    api,
    client,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await api.close();
    },
  };
}
