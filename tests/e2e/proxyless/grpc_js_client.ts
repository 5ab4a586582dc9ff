import * as grpc from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";
import { createInterface } from "node:readline";
import process from "node:process";
import { type CountReply, ECHO, type SayReply } from "../../../core/dev/echo_service.ts";
import type { Answer, Ask } from "./protocol.ts";

/** A gRPC client without a proxy, of grpc-js: does what it is asked for on its standard input, see `protocol.ts`. */

register();

const channels = new Map<string, grpc.Client>();

function channelTo({ host, channel }: Ask): grpc.Client {
  const key = `${channel} ${host}`;
  const existing = channels.get(key);
  if (existing) return existing;
  const created = new grpc.Client(`xds:///${host}`, grpc.credentials.createInsecure());
  channels.set(key, created);
  return created;
}

function say(ask: Ask): Promise<Omit<Answer, "id">> {
  const { path, requestSerialize, responseDeserialize } = ECHO.say;
  const deadline = Date.now() + ask.timeoutMs;
  return new Promise((resolve) => {
    channelTo(ask).makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { text: "hello" },
      new grpc.Metadata(),
      { deadline },
      (error: grpc.ServiceError | null, reply?: SayReply) => {
        if (error) resolve({ code: grpc.status[error.code] ?? "", message: error.details, backends: [] });
        else resolve({ code: "OK", message: reply?.authority ?? "", backends: [reply?.backend ?? ""] });
      },
    );
  });
}

function count(ask: Ask): Promise<Omit<Answer, "id">> {
  const { path, requestSerialize, responseDeserialize } = ECHO.count;
  const request = { count: ask.count, intervalMs: 10 };
  const backends: string[] = [];
  return new Promise((resolve) => {
    channelTo(ask).makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, {
      deadline: Date.now() + ask.timeoutMs,
    })
      .on("data", ({ backend }: CountReply) => {
        // The first is told at once: the call is under way.
        if (backends.push(backend) === 1) answer({ id: ask.id, code: "BEGUN", message: "", backends });
      })
      .on("error", () => {}) // The status says it too.
      .on("status", ({ code, details }) => resolve({ code: grpc.status[code] ?? "", message: details, backends }));
  });
}

function answer(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const ask: Ask = JSON.parse(line);
  const done = ask.count === 0 ? say(ask) : count(ask);
  done.then((outcome) => answer({ id: ask.id, ...outcome }));
}
process.exit(0);
