import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { namesOfCertificate } from "./certificate_names.ts";
import { createTestAuthority, type IssueOptions } from "./testdata/test_authority.ts";

async function namesOf(options: IssueOptions): Promise<readonly string[]> {
  const { cert } = await (await createTestAuthority()).issue(options);
  return namesOfCertificate(new Uint8Array(new X509Certificate(cert).raw));
}

Deno.test("namesOfCertificate() lists what the authority has put in, each kind apart", async () => {
  const names = await namesOf({ cn: "edge-7", dns: ["edge-7.example.org"], uris: ["spiffe://example.org/edge/7"] });
  assert.deepEqual(names, ["dns:localhost", "dns:edge-7.example.org", "uri:spiffe://example.org/edge/7", "cn:edge-7"]);
});

Deno.test("namesOfCertificate() does not take one name for two", async () => {
  const names = await namesOf({ dns: ["a, DNS:admin"], uris: ["spiffe://a, URI:spiffe://admin"] });
  assert.deepEqual(names, ["dns:localhost", "dns:a, DNS:admin", "uri:spiffe://a, URI:spiffe://admin", "cn:test"]);
});

Deno.test("namesOfCertificate() reads a common name that is not ASCII", async () => {
  assert.ok((await namesOf({ cn: "Kante-ä" })).includes("cn:Kante-ä"));
});

Deno.test("namesOfCertificate() throws where there is no certificate", () => {
  assert.throws(() => namesOfCertificate(new Uint8Array([1, 2, 3])), TypeError);
});
