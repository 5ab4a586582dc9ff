import assert from "node:assert/strict";
import { OPEN_ACCESS } from "../access/access.ts";
import descriptor, { type IFileDescriptorProto } from "protobufjs/ext/descriptor.js";
import type { Messages } from "../proto/message_types.ts";
import { startGrpcServer } from "./grpc_server.ts";
import { createReflection } from "./reflection.ts";
import { type Exchange, GrpcClient } from "./testdata/grpc_client.ts";

const VERSIONS = ["grpc.reflection.v1", "grpc.reflection.v1alpha"] as const;

type Stream = Exchange<
  `${typeof VERSIONS[number]}.ServerReflectionRequest`,
  `${typeof VERSIONS[number]}.ServerReflectionResponse`
>;

/** Runs a test on both versions of the service. */
function testReflection(name: string, run: (stream: Stream) => Promise<void>): void {
  for (const version of VERSIONS) {
    Deno.test(`${version}: ${name}`, async () => {
      const services = createReflection(["signalbox.v1.SessionService"]);
      const server = await startGrpcServer({
        access: OPEN_ACCESS,
        address: "127.0.0.1",
        port: 0,
        services,
        maxRequestBytes: 1024,
      });
      {
        using client = new GrpcClient(server.port);
        const stream = client.exchange([
          `/${version}.ServerReflection/ServerReflectionInfo`,
          `${version}.ServerReflectionRequest`,
          `${version}.ServerReflectionResponse`,
        ]);
        await run(stream);
        stream.end();
        await assert.rejects(stream.next(), { code: "OK" });
      }
      await server.close();
    });
  }
}

async function ask(stream: Stream, request: Messages["grpc.reflection.v1.ServerReflectionRequest"]) {
  stream.send(request);
  return await stream.next();
}

function filesOf({ fileDescriptorResponse }: Awaited<ReturnType<Stream["next"]>>): IFileDescriptorProto[] {
  const { FileDescriptorProto } = descriptor;
  return (fileDescriptorResponse?.fileDescriptorProto ?? [])
    .map((bytes) => FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes)));
}

testReflection("it lists the services, itself included, and repeats the question", async (stream) => {
  const { listServicesResponse, validHost, originalRequest } = await ask(stream, { host: "h", listServices: "*" });
  assert.deepEqual(listServicesResponse?.service, [
    { name: "grpc.reflection.v1.ServerReflection" },
    { name: "grpc.reflection.v1alpha.ServerReflection" },
    { name: "signalbox.v1.SessionService" },
  ]);
  assert.deepEqual([validHost, originalRequest], ["h", { host: "h", listServices: "*" }]);
});

testReflection("it has the file of every kind of symbol, with all that the file depends on", async (stream) => {
  for (
    const symbol of [
      "signalbox.v1.SessionService",
      "signalbox.v1.SessionService.Watch",
      "signalbox.v1.Session",
      "signalbox.v1.Session.host",
      "signalbox.v1.BatchRequest.Operation",
      "signalbox.v1.Delivery.State",
      "signalbox.v1.Delivery.STATE_LIVE",
    ]
  ) {
    const files = filesOf(await ask(stream, { fileContainingSymbol: symbol }));
    assert.equal(files[0]?.name, "signalbox/v1/sessions.proto", symbol);
    const names = new Set(files.map(({ name }) => name));
    for (const { dependency } of files) for (const name of dependency ?? []) assert(names.has(name), name);
  }
});

testReflection("it has files by their names, one after the other on one stream, and Envoy's too", async (stream) => {
  for (
    const [name, symbol] of [
      ["google/protobuf/duration.proto", "Duration"],
      ["envoy/config/cluster/v3/cluster.proto", "Cluster"],
      ["grpc/health/v1/health.proto", "HealthCheckRequest"],
    ]
  ) {
    const [file] = filesOf(await ask(stream, { fileByFilename: name }));
    assert.equal(file?.name, name);
    assert(file?.messageType?.some((message) => message.name === symbol));
  }
});

testReflection("it says NOT_FOUND of what it does not have, and INVALID_ARGUMENT of no question", async (stream) => {
  for (
    const request of [
      { fileByFilename: "signalbox/v1/nothing.proto" },
      { fileContainingSymbol: "signalbox.v1.Session.nothing" },
      { fileContainingSymbol: "signalbox.v1" },
      { fileContainingExtension: { containingType: "signalbox.v1.Session", extensionNumber: 1 } },
      { allExtensionNumbersOfType: "signalbox.v1.Nothing" },
    ]
  ) {
    const { errorResponse } = await ask(stream, request);
    assert.equal(errorResponse?.errorCode, 5, JSON.stringify(request));
  }
  assert.equal((await ask(stream, {})).errorResponse?.errorCode, 3);
});

testReflection("it says that a message type has no extensions", async (stream) => {
  const { allExtensionNumbersResponse } = await ask(stream, { allExtensionNumbersOfType: "signalbox.v1.Session" });
  assert.deepEqual(allExtensionNumbersResponse, { baseTypeName: "signalbox.v1.Session" });
});
