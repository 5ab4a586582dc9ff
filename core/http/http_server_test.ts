import assert from "node:assert/strict";
import { type HttpServer, startHttpServer } from "./http_server.ts";

const start = (handler: (request: Request) => Response | Promise<Response>, address = "127.0.0.1"): HttpServer =>
  startHttpServer({ address, port: 0, handler });

Deno.test("startHttpServer() takes a free port where 0 is asked for, and says which", async () => {
  for (const address of ["127.0.0.1", "::1"]) {
    const server = start(() => new Response("here"), address);
    assert.equal(server.url, address === "::1" ? `http://[::1]:${server.port}` : `http://127.0.0.1:${server.port}`);
    assert.equal(await (await fetch(server.url)).text(), "here");
    await server.close();
  }
});

Deno.test("startHttpServer() throws address_in_use when the port is taken or the address is another machine's", async () => {
  const server = start(() => new Response());
  const again = { address: "127.0.0.1", port: server.port, handler: () => new Response() };
  assert.throws(() => startHttpServer(again), {
    code: "address_in_use",
    message: `Cannot listen for HTTP on "127.0.0.1:${server.port}": the address is taken or not on this machine`,
  });
  // TEST-NET-1, RFC 5737: nobody has it.
  assert.throws(() => start(() => new Response(), "192.0.2.1"), { code: "address_in_use" });
  await server.close();
});

Deno.test("HttpServer.close() answers what has arrived, and takes nothing more", async () => {
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const server = start(() => {
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
  const server = start(async (request) => {
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
});
