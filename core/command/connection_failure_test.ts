import assert from "node:assert/strict";
import { createDevCertificate } from "../dev/certificate.ts";
import { connectionFailure } from "./connection_failure.ts";

const [own, other] = await Promise.all(
  ["example.org", "example.com"].map((domain) => createDevCertificate(domain, { now: new Date() })),
);

async function failureOf(url: string, { ca }: { readonly ca?: string | undefined } = {}): Promise<string> {
  using client = Deno.createHttpClient(ca === undefined ? {} : { caCerts: [ca] });
  try {
    await (await fetch(url, { client })).body?.cancel();
    return "answered";
  } catch (thrown) {
    return connectionFailure(url, thrown);
  }
}

async function withServer(
  tls: { readonly cert: string; readonly key: string } | undefined,
  test: (port: number) => Promise<void>,
  hostname = "127.0.0.1",
): Promise<void> {
  const options = { hostname, port: 0, onListen() {} };
  await using server = Deno.serve({ ...options, ...tls }, () => new Response("hello"));
  await test(server.addr.port);
}

Deno.test("connectionFailure() tells what is amiss with a server's certificate", async () => {
  await withServer(own, async (port) => {
    const untrusted = "its certificate is not trusted: give who signed it with --ca";
    assert.equal(await failureOf(`https://127.0.0.1:${port}`), untrusted);
    assert.equal(await failureOf(`https://127.0.0.1:${port}`, { ca: other?.ca }), untrusted);
    assert.equal(await failureOf(`https://127.0.0.1:${port}`, { ca: own?.ca }), "answered");
  });
  await withServer(own, async (port) => {
    assert.equal(await failureOf(`https://127.0.0.2:${port}`, { ca: own?.ca }), "its certificate is for another name");
  }, "127.0.0.2");
});

Deno.test("connectionFailure() tells TLS from cleartext", async () => {
  await withServer(own, async (port) => {
    const text = "its answer is not HTTP; where it speaks TLS: use https://";
    assert.equal(await failureOf(`http://127.0.0.1:${port}`), text);
  });
  await withServer(undefined, async (port) => {
    assert.equal(await failureOf(`https://127.0.0.1:${port}`), "it does not speak TLS: use http://");
  });
});

Deno.test("connectionFailure() asks whether it runs where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  for (const scheme of ["http", "https"]) {
    assert.match(await failureOf(`${scheme}://127.0.0.1:${port}`), /^no connection; is it running/);
  }
});
