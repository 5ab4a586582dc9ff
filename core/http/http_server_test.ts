import assert from "node:assert/strict";
import type { Certificate } from "../access/access.ts";
import type { Followed } from "../access/follow.ts";
import { createTestAuthority, type Issued, unchanging } from "../access/testdata/test_authority.ts";
import { type HttpServer, startHttpServer } from "./http_server.ts";

const start = (
  handler: (request: Request) => Response | Promise<Response>,
  address = "127.0.0.1",
): Promise<HttpServer> => startHttpServer({ address, port: 0, handler });

Deno.test("startHttpServer() takes a free port where 0 is asked for, and says which", async () => {
  for (const address of ["127.0.0.1", "::1"]) {
    const server = await start(() => new Response("here"), address);
    assert.equal(server.url, address === "::1" ? `http://[::1]:${server.port}` : `http://127.0.0.1:${server.port}`);
    assert.equal(await (await fetch(server.url)).text(), "here");
    await server.close();
  }
});

Deno.test("startHttpServer() throws address_in_use when the port is taken or the address is another machine's", async () => {
  const server = await start(() => new Response());
  const again = { address: "127.0.0.1", port: server.port, handler: () => new Response() };
  await assert.rejects(startHttpServer(again), {
    code: "address_in_use",
    message: `Cannot listen on "127.0.0.1:${server.port}" (http.port): the port is taken`,
  });
  // TEST-NET-1, RFC 5737: nobody has it.
  await assert.rejects(start(() => new Response(), "192.0.2.1"), {
    code: "address_in_use",
    message: 'Cannot listen on "192.0.2.1:0" (http.address): this machine does not have the address',
  });
  await server.close();
});

Deno.test("HttpServer.close() answers what has arrived, and takes nothing more", async () => {
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const server = await start(() => {
    arrived.resolve();
    return answer.promise;
  });
  const asked = fetch(server.url);
  await arrived.promise;
  const closed = server.close();
  answer.resolve(new Response("late"));
  assert.equal(await (await asked).text(), "late");
  await closed;
  await assert.rejects(fetch(server.url), TypeError);
});

Deno.test("HttpServer.close() waits no longer than it may for a request that does not end", async () => {
  const arrived = Promise.withResolvers<void>();
  const broken = Promise.withResolvers<unknown>();
  const server = await start(async (request) => {
    arrived.resolve();
    await request.text().catch(broken.resolve);
    return new Response();
  });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await connection.write(new TextEncoder().encode("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nslow"));
  await arrived.promise;
  await server.close({ graceMs: 1 });
  connection.close();
  assert(await broken.promise instanceof Error);
  // The adapter looks twice, a turn later each, whether there is more to read.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve));
});

/** Says something to the server as it is, and returns what comes until the connection ends. */
async function exchange(connection: Deno.Conn, text: string): Promise<string> {
  await connection.write(new TextEncoder().encode(text)).catch(() => {});
  const answer = await new Response(connection.readable).text().catch(() => "cut off");
  return answer;
}

const connectTo = ({ port }: HttpServer) => Deno.connect({ hostname: "127.0.0.1", port });

Deno.test("startHttpServer() refuses what is too large, and what can be read in two ways", async () => {
  const seen: string[] = [];
  const server = await start(({ url }) => {
    seen.push(url);
    return new Response();
  });
  const cases: readonly [string, RegExp][] = [
    [`GET / HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, /^(HTTP\/1.1 431 |cut off|$)/],
    ["GET / HTTP/1.1\r\nhost: a/b?c\r\nconnection: close\r\n\r\n", /^HTTP\/1.1 400 /],
    [
      "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      /^HTTP\/1.1 400 /,
    ],
    ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello", /^HTTP\/1.1 400 /],
    ["GET / HTTP/1.1\r\nhost : a\r\n\r\n", /^HTTP\/1.1 400 /],
    ["\x16\x03\x01\x02\x00\x01", /^HTTP\/1.1 400 /],
  ];
  for (const [text, expected] of cases) assert.match(await exchange(await connectTo(server), text), expected, text);
  assert.deepEqual(seen, []);
  await server.close();
});

Deno.test("startHttpServer() cuts off who is slow: to begin, to go on, or to shake hands", async () => {
  const limits = {
    handshakeTimeout: 50,
    headersTimeout: 50,
    requestTimeout: 100,
    keepAliveTimeout: 50,
    connectionsCheckingInterval: 10,
  };
  const options = { address: "127.0.0.1", port: 0, limits, handler: () => new Response() };
  const cleartext = await startHttpServer(options);
  // Each of these would last for ever.
  for (const text of ["", "GET / HTT", "GET / HTTP/1.1\r\nhost: a\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"]) {
    await exchange(await connectTo(cleartext), text);
  }
  await cleartext.close();
  const certificate = unchanging(await (await createTestAuthority()).issue());
  const tls = await startHttpServer({ ...options, access: { certificate, handshakeFailed() {} } });
  await exchange(await connectTo(tls), "");
  await tls.close();
});

Deno.test("startHttpServer() tells who has failed to shake hands, and nothing of who only knocks", async () => {
  const certificate = unchanging(await (await createTestAuthority()).issue());
  const failed: unknown[] = [];
  const server = await startHttpServer({
    address: "127.0.0.1",
    port: 0,
    access: { certificate, handshakeFailed: (...what) => failed.push(what) },
    handler: () => new Response(),
  });
  (await connectTo(server)).close();
  await exchange(await connectTo(server), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await server.close();
  assert.equal(failed.length, 1);
  assert.match(String(failed), /^127\.0\.0\.1,.*InvalidContentType/);
});

/** A TLS alert is all that may come. */
const NO_HTTP = /^(?!HTTP)/;

Deno.test("startHttpServer() with a certificate serves TLS alone, and renews it while connections go on", async () => {
  const authority = await createTestAuthority();
  const other = await createTestAuthority("Another authority");
  const current = { ...await authority.issue(), clientCa: authority.ca };
  let renew = (_: Certificate) => {};
  const certificate: Followed<Certificate> = {
    current,
    subscribe(listener) {
      renew = listener;
      return () => renew = () => {};
    },
    close: () => Promise.resolve(),
  };
  const server = await startHttpServer({
    address: "127.0.0.1",
    port: 0,
    access: { certificate, handshakeFailed() {} },
    handler: (_, { certificate }) => new Response(certificate ? "known" : "unknown"),
  });
  assert.equal(server.url, `https://127.0.0.1:${server.port}`);
  const ask = async (ca: string, own?: Issued) => {
    using client = Deno.createHttpClient({ caCerts: [ca], ...own });
    return await (await fetch(server.url, { client })).text();
  };
  assert.equal(await ask(authority.ca), "unknown");
  assert.equal(await ask(authority.ca, await authority.issue()), "known");
  assert.equal(await ask(authority.ca, await other.issue()), "unknown", "of another authority");
  assert.equal(await ask(authority.ca, await authority.issue({ endsInDays: -1 })), "unknown", "expired");
  assert.match(await exchange(await connectTo(server), "GET / HTTP/1.1\r\nhost: a\r\n\r\n"), NO_HTTP);

  using lasting = Deno.createHttpClient({ caCerts: [authority.ca], ...await authority.issue() });
  assert.equal(await (await fetch(server.url, { client: lasting })).text(), "known");
  renew({ ...await other.issue(), clientCa: other.ca });
  await assert.rejects(ask(authority.ca), TypeError);
  assert.equal(await ask(other.ca, await other.issue()), "known");
  assert.equal(await ask(other.ca, await authority.issue()), "unknown");
  assert.equal(await (await fetch(server.url, { client: lasting })).text(), "known", "on the connection that it had");
  await server.close();
});
