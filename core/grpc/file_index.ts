import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import descriptor, {
  type IDescriptorProto,
  type IEnumDescriptorProto,
  type IFileDescriptorProto,
} from "protobufjs/ext/descriptor.js";
import { Reader } from "protobufjs/minimal.js";
import { PACKED_FILES } from "../../protos/generated/packed_files.ts";

/** The API files, as clients of server reflection ask for them. */
export interface FileIndex {
  /** The path of the file that declares a symbol: a service, a method, a message, a field, an enum or one of its values. */
  fileOf(symbol: string): string | undefined;
  /** Whether there is such a message type. */
  hasMessage(name: string): boolean;
  /** A file and all that it depends on, itself first, each as a `google.protobuf.FileDescriptorProto`. */
  closure(path: string): readonly Uint8Array[] | undefined;
}

/** Unpacks every file: some 80 ms, for whoever asks first. */
export function unpackFiles(): FileIndex {
  const files = new Map<string, { readonly bytes: Uint8Array; readonly needs: readonly string[] }>();
  const symbols = new Map<string, string>();
  const messages = new Set<string>();
  for (const bytes of splitSet(gunzipSync(Buffer.from(PACKED_FILES, "base64")))) {
    const { FileDescriptorProto } = descriptor;
    const file: IFileDescriptorProto = FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes));
    const path = file.name ?? "";
    files.set(path, { bytes, needs: file.dependency ?? [] });
    for (const { name, kind } of symbolsOf(file)) {
      symbols.set(name, path);
      if (kind === "message") messages.add(name);
    }
  }
  return {
    fileOf: (symbol) => symbols.get(symbol),
    hasMessage: (name) => messages.has(name),
    closure(path) {
      if (!files.has(path)) return undefined;
      const paths = new Set([path]);
      // A set is walked to its end, and the end moves as it grows.
      for (const path of paths) for (const need of files.get(path)?.needs ?? []) paths.add(need);
      return Array.from(paths).flatMap((path) => files.get(path)?.bytes ?? []);
    },
  };
}

/** The files of a `FileDescriptorSet`, byte for byte: whatever reads and writes a descriptor may lose what it doesn't know. */
function* splitSet(set: Uint8Array): Iterable<Uint8Array> {
  const reader = new Reader(new Uint8Array(set.buffer, set.byteOffset, set.byteLength));
  while (reader.pos < reader.len) {
    reader.uint32();
    yield reader.bytes();
  }
}

interface DeclaredSymbol {
  readonly name: string;
  readonly kind: "message" | "other";
}

function* symbolsOf(file: IFileDescriptorProto): Iterable<DeclaredSymbol> {
  const scope = file.package ? `${file.package}.` : "";
  yield* messagesOf(file.messageType ?? [], scope);
  yield* enumsOf(file.enumType ?? [], scope);
  for (const { name, method } of file.service ?? []) {
    yield { name: scope + name, kind: "other" };
    for (const { name: inner } of method ?? []) yield { name: `${scope}${name}.${inner}`, kind: "other" };
  }
}

function* messagesOf(messages: readonly IDescriptorProto[], scope: string): Iterable<DeclaredSymbol> {
  for (const message of messages) {
    const name = scope + message.name;
    yield { name, kind: "message" };
    for (const field of message.field ?? []) yield { name: `${name}.${field.name}`, kind: "other" };
    yield* messagesOf(message.nestedType ?? [], `${name}.`);
    yield* enumsOf(message.enumType ?? [], `${name}.`);
  }
}

/** The values of an enum stand beside it, not in it. */
function* enumsOf(enums: readonly IEnumDescriptorProto[], scope: string): Iterable<DeclaredSymbol> {
  for (const { name, value } of enums) {
    yield { name: scope + name, kind: "other" };
    for (const { name: inner } of value ?? []) yield { name: scope + inner, kind: "other" };
  }
}
