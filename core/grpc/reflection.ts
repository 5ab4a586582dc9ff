import { status } from "@grpc/grpc-js";
import type { Messages } from "../proto/message_types.ts";
import type { FileIndex } from "./file_index.ts";
import { createService, exchange, type GrpcService } from "./grpc_service.ts";

type Request = Messages["grpc.reflection.v1.ServerReflectionRequest"];
type Response = Messages["grpc.reflection.v1.ServerReflectionResponse"];

/** Both are the same but for their name; there are clients that know only the older one. */
const PACKAGES = ["grpc.reflection.v1", "grpc.reflection.v1alpha"] as const;

let unpacked: Promise<FileIndex> | undefined;

/** Loaded when somebody asks: no start should wait for it. */
function loadFiles(): Promise<FileIndex> {
  unpacked ??= import("./file_index.ts").then(({ unpackFiles }) => unpackFiles());
  return unpacked;
}

/**
 * Server reflection for a server with `services`, and itself: what clients such as grpcurl need to call them without
 * their `.proto` files. It knows every file that is in `protos/`, so that whatever an `Any` holds can be read too.
 */
export function createReflection(services: readonly string[]): readonly GrpcService[] {
  const names = [...services, ...PACKAGES.map((name) => `${name}.ServerReflection`)].sort();
  return PACKAGES.map((name) =>
    createService(`${name}.ServerReflection`, {
      ServerReflectionInfo: exchange({
        request: `${name}.ServerReflectionRequest`,
        response: `${name}.ServerReflectionResponse`,
        answer: async (request) => ({
          validHost: request.host,
          originalRequest: request,
          ...answer(request, { names, files: await loadFiles() }),
        }),
      }),
    })
  );
}

function answer(
  request: Request,
  { names, files }: { readonly names: readonly string[]; readonly files: FileIndex },
): Response {
  if (request.listServices !== undefined) {
    return { listServicesResponse: { service: names.map((name) => ({ name })) } };
  }
  if (request.fileByFilename !== undefined) return fileAnswer(files.closure(request.fileByFilename));
  if (request.fileContainingSymbol !== undefined) {
    const path = files.fileOf(request.fileContainingSymbol);
    return fileAnswer(path === undefined ? undefined : files.closure(path));
  }
  // None of the files declares an extension.
  if (request.fileContainingExtension !== undefined) return notFound("such an extension");
  if (request.allExtensionNumbersOfType !== undefined) {
    const baseTypeName = request.allExtensionNumbersOfType;
    return files.hasMessage(baseTypeName)
      ? { allExtensionNumbersResponse: { baseTypeName } }
      : notFound("such a message type");
  }
  return { errorResponse: { errorCode: status.INVALID_ARGUMENT, errorMessage: "Cannot answer: nothing was asked" } };
}

function fileAnswer(files: readonly Uint8Array[] | undefined): Response {
  return files === undefined
    ? notFound("such a file or symbol")
    : { fileDescriptorResponse: { fileDescriptorProto: [...files] } };
}

function notFound(what: string): Response {
  return { errorResponse: { errorCode: status.NOT_FOUND, errorMessage: `Cannot find it: there is no ${what}` } };
}
