import { Client, credentials, Metadata, Server, type ServiceError, status } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { type Access, type Certificate, type Claims, OPEN_ACCESS } from "./access.ts";
import { namesOfCertificate } from "./certificate_names.ts";
import type { Followed } from "./follow.ts";
import { createGrpcCredentials, identityOf } from "./grpc_access.ts";
import { createTestAuthority, type Issued, type TestAuthority } from "./testdata/test_authority.ts";

const PATH = "/test.Who/AmI";
const bytes = (value: Buffer) => value;
const METHOD = {
  path: PATH,
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

/** A server that says who calls it. */
async function startServer(access: Access) {
  const server = new Server();
  server.addService({ AmI: METHOD }, {
    AmI: (call: { readonly metadata: Metadata }, done: (error: null, reply: Buffer) => void) =>
      done(null, Buffer.from(identityOf(call).join())),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      "127.0.0.1:0",
      createGrpcCredentials(access),
      (error, port) => error ? reject(error) : resolve(port),
    )
  );
  return { port, close: () => new Promise<void>((resolve) => server.tryShutdown(() => resolve())) };
}

interface Asker {
  readonly ca?: string;
  readonly own?: Issued;
  readonly headers?: readonly string[];
}

function connect(port: number, { ca, own }: Asker): Client {
  const tls = ca === undefined ? credentials.createInsecure() : credentials.createSsl(
    Buffer.from(ca),
    own ? Buffer.from(own.key) : null,
    own ? Buffer.from(own.cert) : null,
  );
  return new Client(`127.0.0.1:${port}`, tls, { "grpc.ssl_target_name_override": "localhost" });
}

/** Who the server says that it is, or the code with which it fails. */
function ask(client: Client, headers: readonly string[] = []): Promise<string | number> {
  const metadata = new Metadata();
  for (const header of headers) metadata.add("authorization", header);
  return new Promise((resolve) => {
    const answered = (error: ServiceError | null, reply?: Buffer) =>
      resolve(error ? error.code : reply?.toString() ?? "");
    client.makeUnaryRequest(PATH, bytes, bytes, Buffer.from(""), metadata, {}, answered);
  });
}

async function askOnce(port: number, asker: Asker = {}): Promise<string | number> {
  const client = connect(port, asker);
  try {
    return await ask(client, asker.headers);
  } finally {
    client.close();
  }
}

/** Takes the token `right`, and every certificate. */
function identify({ authorization, certificate }: Claims): readonly string[] | undefined {
  const names = certificate ? namesOfCertificate(certificate).filter((name) => name.startsWith("cn:")) : [];
  if (authorization === "Bearer right") names.push("token:right");
  return names.length === 0 ? undefined : names;
}

async function followed(authority: TestAuthority, clients?: TestAuthority) {
  const listeners = new Set<(certificate: Certificate) => void>();
  const issue = async (authority: TestAuthority, clients?: TestAuthority): Promise<Certificate> => ({
    ...await authority.issue(),
    ...(clients && { clientCa: clients.ca }),
  });
  let current = await issue(authority, clients);
  const certificate: Followed<Certificate> = {
    get current() {
      return current;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => Promise.resolve(),
  };
  return {
    certificate,
    listeners,
    async renew(authority: TestAuthority, clients?: TestAuthority) {
      current = await issue(authority, clients);
      for (const listener of listeners) listener(current);
    },
  };
}

/** A client of grpc-js leaves timers behind, as that of its next try where it could not connect. */
function testWithClients(what: string, fn: () => Promise<void>): void {
  Deno.test({ name: `createGrpcCredentials() ${what}`, sanitizeOps: false, sanitizeResources: false, fn });
}

testWithClients("without a certificate serves cleartext, to whom access lets in", async () => {
  const open = await startServer(OPEN_ACCESS);
  assert.equal(await askOnce(open.port), "");
  await open.close();
  const closed = await startServer({ ...OPEN_ACCESS, identify });
  assert.equal(await askOnce(closed.port, { headers: ["Bearer right"] }), "token:right");
  for (const headers of [[], ["Bearer wrong"], ["right"]]) {
    assert.equal(await askOnce(closed.port, { headers }), status.UNAUTHENTICATED, String(headers));
  }
  await closed.close();
});

testWithClients("lets in certificates of its authorities, and others not even to ask", async () => {
  const [authority, clients, strangers] = await Promise.all(["a", "b", "c"].map(createTestAuthority));
  assert.ok(authority && clients && strangers);
  const { certificate } = await followed(authority, clients);
  const server = await startServer({ ...OPEN_ACCESS, certificate, needsCertificate: true, identify });
  const { ca } = authority;
  assert.equal(await askOnce(server.port, { ca, own: await clients.issue({ cn: "edge" }) }), "cn:edge");
  const refused: readonly Asker[] = [
    {},
    { ca },
    { ca, headers: ["Bearer right"] },
    { ca, own: await strangers.issue() },
    { ca, own: await clients.issue({ endsInDays: -1 }) },
    { ca: strangers.ca, own: await clients.issue() },
  ];
  for (const [index, asker] of refused.entries()) {
    assert.equal(await askOnce(server.port, asker), status.UNAVAILABLE, String(index));
  }
  await server.close();
});

testWithClients("lets in a token where no certificate is needed, and knows nobody by a false one", async () => {
  const [authority, clients, strangers] = await Promise.all(["a", "b", "c"].map(createTestAuthority));
  assert.ok(authority && clients && strangers);
  const { certificate } = await followed(authority, clients);
  const server = await startServer({ ...OPEN_ACCESS, certificate, needsCertificate: false, identify });
  const { ca } = authority;
  const headers = ["Bearer right"];
  assert.equal(await askOnce(server.port, { ca, headers }), "token:right");
  assert.equal(
    await askOnce(server.port, { ca, headers, own: await clients.issue({ cn: "edge" }) }),
    "cn:edge,token:right",
  );
  assert.equal(await askOnce(server.port, { ca, headers, own: await strangers.issue() }), "token:right");
  assert.equal(await askOnce(server.port, { ca, own: await strangers.issue() }), status.UNAUTHENTICATED);
  assert.equal(
    await askOnce(server.port, { ca, own: await clients.issue({ endsInDays: -1 }) }),
    status.UNAUTHENTICATED,
  );
  assert.equal(await askOnce(server.port, { ca }), status.UNAUTHENTICATED);
  await server.close();
});

testWithClients("takes up new certificates and authorities while connections go on", async () => {
  const [before, after] = await Promise.all(["a", "b"].map(createTestAuthority));
  assert.ok(before && after);
  const { certificate, renew, listeners } = await followed(before, before);
  const server = await startServer({ ...OPEN_ACCESS, certificate, needsCertificate: true, identify });
  const own = { before: await before.issue({ cn: "before" }), after: await after.issue({ cn: "after" }) };
  const lasting = connect(server.port, { ca: before.ca, own: own.before });
  assert.equal(await ask(lasting), "cn:before");
  await renew(after, after);
  assert.equal(await askOnce(server.port, { ca: after.ca, own: own.after }), "cn:after");
  assert.equal(await askOnce(server.port, { ca: before.ca, own: own.after }), status.UNAVAILABLE);
  assert.equal(await askOnce(server.port, { ca: after.ca, own: own.before }), status.UNAVAILABLE);
  assert.equal(await askOnce(server.port, { ca: after.ca }), status.UNAVAILABLE);
  assert.equal(await ask(lasting), "cn:before");
  lasting.close();
  await server.close();
  assert.equal(listeners.size, 0);
});

Deno.test("createTestAuthority() makes certificates that end when they should", async () => {
  const { cert } = await (await createTestAuthority()).issue({ endsInDays: -1 });
  assert.ok(new Date(new X509Certificate(cert).validTo) < new Date());
});
