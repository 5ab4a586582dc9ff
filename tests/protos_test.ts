import assert from "node:assert/strict";
import protobuf from "protobufjs";
import descriptor, { type IFileDescriptorProto } from "protobufjs/ext/descriptor.js";
import { unpackFiles } from "../core/grpc/file_index.ts";
import { findType } from "../core/proto/schema.ts";

const PATH = "signalbox/v1/sessions.proto";
const SOURCE = await Deno.readTextFile(new URL(`../protos/${PATH}`, import.meta.url));

function* typesOf(namespace: protobuf.NamespaceBase): Iterable<protobuf.Type | protobuf.Enum> {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Enum || nested instanceof protobuf.Type) yield nested;
    if (nested instanceof protobuf.Namespace) yield* typesOf(nested);
  }
}

const shapeOf = (field: protobuf.Field) => field.map ? "map" : field.repeated ? "repeated" : "one";

Deno.test("protos/generated has every type of sessions.proto as it is written", () => {
  const names: string[] = [];
  for (const type of typesOf(protobuf.parse(SOURCE).root)) {
    const name = type.fullName.slice(1);
    names.push(name);
    const schema = findType(name);
    if (type instanceof protobuf.Enum) {
      assert(schema?.kind === "enum", name);
      assert.deepEqual(Object.fromEntries(schema.numbers), { ...type.values });
    } else {
      assert(schema?.kind === "message", name);
      assert.deepEqual(
        schema.fields.map(({ name, number, shape, typeName }) => [name, number, shape, typeName.split(".").at(-1)]),
        type.fieldsArray.map((field) => [field.name, field.id, shapeOf(field), field.type.split(".").at(-1)]),
      );
    }
  }
  assert(names.includes("signalbox.v1.WatchRequest") && names.includes("signalbox.v1.Delivery.State"));
});

Deno.test("server reflection has the methods, the fields and the comments of sessions.proto as they are written", () => {
  const { root } = protobuf.parse(SOURCE, { keepCase: true });
  const [bytes] = unpackFiles().closure(PATH) ?? [];
  assert(bytes !== undefined);
  const { FileDescriptorProto } = descriptor;
  const file: IFileDescriptorProto = FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes));
  assert.deepEqual(
    file.service?.[0]?.method?.map(({ name, inputType, outputType, serverStreaming = false }) => [
      name,
      inputType,
      outputType,
      serverStreaming,
    ]),
    root.lookupService("signalbox.v1.SessionService").methodsArray.map((method) => [
      method.name,
      `.signalbox.v1.${method.requestType}`,
      `.signalbox.v1.${method.responseType}`,
      method.responseStream ?? false,
    ]),
  );
  for (const { name = "", field = [] } of file.messageType ?? []) {
    const type = root.lookupType(`signalbox.v1.${name}`);
    assert.deepEqual(
      field.map(({ name, number }) => [name, number]),
      type.fieldsArray.map(({ name, id }) => [name, id]),
    );
  }
  const comments: readonly string[] = (file.sourceCodeInfo?.location ?? [])
    .flatMap(({ leadingComments = "" }) => leadingComments.split("\n"))
    .map((line: string) => line.trim());
  const written = SOURCE.split("\n").flatMap((line) => /^ *\/\/ (.*)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(comments.filter((line) => line !== "").toSorted(), written.toSorted());
});
