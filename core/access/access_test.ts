import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { AccessConfig } from "../config/config.ts";
import { FakeTime } from "../source/testdata/fake_time.ts";
import { type Access, openAccess } from "./access.ts";
import { FOLLOW_INTERVAL_MS } from "./follow.ts";
import { createTestAuthority, type IssueOptions } from "./testdata/test_authority.ts";
import { createToken, hashToken } from "./token.ts";

const token = createToken();
const tokens = [{ name: "ci", sha256: hashToken(token) }];

interface Bed {
  readonly folder: string;
  readonly time: FakeTime;
  readonly refusals: () => number;
  open(config: Partial<AccessConfig>): Promise<Access>;
  /** With the files that tls names, in the folder. */
  write(name: string, text: string): Promise<string>;
  certificate(options?: IssueOptions): Promise<Uint8Array<ArrayBuffer>>;
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string };
}

async function withBed(body: (bed: Bed) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const time = new FakeTime();
  const authority = await createTestAuthority();
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(join(folder, name), text);
    return join(folder, name);
  };
  const { cert, key } = await authority.issue();
  let refusals = 0;
  const tls = {
    cert: await write("tls.crt", cert),
    key: await write("tls.key", key),
    clientCa: await write("ca.crt", authority.ca),
  };
  const opened: Access[] = [];
  try {
    await body({
      folder,
      time,
      tls,
      write,
      refusals: () => refusals,
      async open(config) {
        const options = { timers: time, nowMs: () => time.now(), refused: () => refusals++ };
        const access = await openAccess("http", { tokens: [], ...config }, options);
        opened.push(access);
        return access;
      },
      certificate: async (options) => new Uint8Array(new X509Certificate((await authority.issue(options)).cert).raw),
    });
  } finally {
    for (const access of opened) await access.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openAccess() lets everybody in where nothing is asked for", () =>
  withBed(async ({ open, refusals }) => {
    const access = await open({});
    assert.deepEqual(access.identify({}), []);
    assert.deepEqual(access.identify({ authorization: "Bearer wrong" }), []);
    assert.equal(access.certificate, undefined);
    assert.equal(refusals(), 0);
  }));

Deno.test("openAccess() lets in who has a token, and nobody else", () =>
  withBed(async ({ open, refusals }) => {
    const access = await open({ tokens });
    for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `Bearer  ${token}`]) {
      assert.deepEqual(access.identify({ authorization }), ["token:ci"], authorization);
    }
    const wrong = [
      undefined,
      "",
      token,
      `Basic ${token}`,
      "Bearer",
      `Bearer ${token}x`,
      `Bearer ${token}, Bearer ${token}`,
    ];
    for (const authorization of wrong) {
      assert.equal(access.identify({ authorization }), undefined, String(authorization));
    }
    assert.equal(refusals(), wrong.length);
    assert.equal(access.needsCertificate, false);
  }));

Deno.test("openAccess() lets in who has a certificate, by the names in it where those are listed", () =>
  withBed(async ({ open, tls, certificate }) => {
    const shown = await certificate({ cn: "edge-7", uris: ["spiffe://example.org/edge/7"] });
    const any = await open({ tls });
    assert.equal(any.needsCertificate, true);
    assert.ok(any.identify({ certificate: shown })?.includes("uri:spiffe://example.org/edge/7"));
    assert.equal(any.identify({ authorization: `Bearer ${token}` }), undefined);

    const listed = await open({ tls: { ...tls, clientNames: ["uri:spiffe://example.org/pods/*"] } });
    assert.equal(listed.identify({ certificate: shown }), undefined);
    const pod = await certificate({ uris: ["spiffe://example.org/pods/manager"] });
    assert.ok(listed.identify({ certificate: pod })?.includes("uri:spiffe://example.org/pods/manager"));
  }));

Deno.test("openAccess() takes either proof where both are asked for, and knows a client by all that it shows", () =>
  withBed(async ({ open, tls, certificate }) => {
    const access = await open({ tls, tokens });
    assert.equal(access.needsCertificate, false);
    const authorization = `Bearer ${token}`;
    const shown = await certificate({ cn: "edge-7" });
    assert.deepEqual(access.identify({ authorization }), ["token:ci"]);
    assert.deepEqual(access.identify({ certificate: shown, authorization }), [
      "dns:localhost",
      "cn:edge-7",
      "token:ci",
    ]);
    assert.deepEqual(access.identify({ certificate: shown, authorization: "Bearer wrong" }), [
      "dns:localhost",
      "cn:edge-7",
    ]);
  }));

Deno.test("openAccess() takes up new tokens and certificates while it is open", () =>
  withBed(async ({ open, tls, time, write }) => {
    const line = (name: string, of: string) => `- { name: ${name}, sha256: ${hashToken(of)} }\n`;
    const tokensFile = await write("tokens.yaml", line("old", token));
    const access = await open({ tls, tokensFile });
    const authorization = `Bearer ${token}`;
    assert.deepEqual(access.identify({ authorization }), ["token:old"]);

    const next = createToken();
    await write("tokens.yaml", line("next", next));
    const { cert, key } = await (await createTestAuthority()).issue({ cn: "renewed" });
    await write("tls.crt", cert);
    // Until the key is there too, the certificate before is used.
    const renewed = Promise.withResolvers<string>();
    access.certificate?.subscribe(({ cert }) => renewed.resolve(cert));
    await time.advance(FOLLOW_INTERVAL_MS);
    await write("tls.key", key);
    await untilRead(time, () => access.certificate?.current.cert === cert);
    assert.equal(await renewed.promise, cert);
    await untilRead(time, () => access.identify({ authorization }) === undefined);
    assert.deepEqual(access.identify({ authorization: `Bearer ${next}` }), ["token:next"]);
  }));

Deno.test("Access counts a handshake that failed as a refusal", () =>
  withBed(async ({ open, tls, refusals }) => {
    const access = await open({ tls });
    access.handshakeFailed("127.0.0.1", "peer sent no certificates");
    assert.equal(refusals(), 1);
  }));

Deno.test("openAccess() names every file that cannot be used, and leaves nothing open", () =>
  withBed(async ({ open, tls, time, folder, write }) => {
    await write("tls.key", "no key");
    const tokensFile = await write("tokens.yaml", "- { name: a, sha256: 0 }\n");
    const clientCa = join(folder, "none.crt");
    await assert.rejects(open({ tls: { ...tls, clientCa }, tokensFile }), {
      code: "invalid_config",
      issues: [
        { path: "http.tls.key", message: `"${tls.key}" has no private key in PEM` },
        { path: "http.tls.clientCa", message: `cannot read "${clientCa}": there is no such file` },
        { path: "http.tokensFile", message: `${tokensFile}:1: [0].sha256: must be a text` },
      ],
    });
    assert.deepEqual(time.waitsMs, []);
  }));

/** Files are really read: that takes as long as it takes. */
async function untilRead(time: FakeTime, done: () => boolean): Promise<void> {
  for (let tries = 0; !done() && tries < 1000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await time.advance(FOLLOW_INTERVAL_MS);
  }
}
