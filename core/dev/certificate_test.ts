import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createDevCertificate } from "./certificate.ts";

Deno.test("createDevCertificate() signs a leaf for every host of the domain and for loopback", async () => {
  const made = await createDevCertificate("example.org", { now: new Date("2026-01-02T03:04:05Z") });
  const leaf = new X509Certificate(made.cert);
  const authority = new X509Certificate(made.ca);
  assert.equal(
    leaf.subjectAltName,
    "DNS:*.example.org, DNS:example.org, DNS:localhost, IP Address:127.0.0.1, IP Address:::1",
  );
  assert.ok(leaf.verify(authority.publicKey));
  assert.equal(leaf.ca, false);
  assert.equal(authority.ca, true);
  assert.equal(made.notAfter.toISOString(), "2026-02-01T03:04:05.000Z");
  assert.match(made.key, /^-----BEGIN PRIVATE KEY-----\n[^\r]*\n-----END PRIVATE KEY-----\n$/);
});

Deno.test("createDevCertificate() convinces a client that trusts the authority", async () => {
  const { ca, cert, key } = await createDevCertificate("example.org", { now: new Date() });
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepted = listener.accept().then(async (connection) => {
    await connection.handshake();
    connection.close();
  });
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using client = await Deno.startTls(tcp, { hostname: "session-1.example.org", caCerts: [ca] });
  await client.handshake();
  await accepted;
});
