import assert from "node:assert/strict";
import { type Access, OPEN_ACCESS } from "../access/access.ts";
import { addGuard } from "./guard.ts";
import { addProbes } from "./operator_api.ts";
import { addPath, createRouter } from "./router.ts";

const ACCESS: Access = {
  ...OPEN_ACCESS,
  identify: ({ authorization, certificate }) =>
    authorization === "Bearer right" ? ["token:right"] : certificate ? ["cn:edge"] : undefined,
};

function bed({ access = ACCESS, loopback = false } = {}) {
  const router = createRouter();
  addProbes(router, { phase: () => "ready" });
  addGuard(router, { access, loopback });
  addPath(router, "/who", { GET: (context) => Response.json(context.get("identity")) });
  return (path: string, headers: Record<string, string> = {}, certificate?: Uint8Array<ArrayBuffer>) =>
    router.request(path, { headers }, { client: { certificate } });
}

Deno.test("addGuard() lets in who has proven to be somebody, and tells who that is", async () => {
  const ask = bed();
  assert.deepEqual(await (await ask("/who", { authorization: "Bearer right" })).json(), ["token:right"]);
  assert.deepEqual(await (await ask("/who", {}, new Uint8Array([1]))).json(), ["cn:edge"]);
});

Deno.test("addGuard() refuses everybody else, on paths that are not there too", async () => {
  const ask = bed();
  const paths = [
    ...[
      "/who",
      "/none",
      "/xds/tasks",
      "/who?token=right&access_token=right",
      "/healthz/../who",
      "//healthz",
      "/healthz/",
    ],
    ...["/HEALTHZ", "/who%2f..%2fhealthz", "http://a/who#/healthz"],
  ];
  for (const path of paths) {
    for (const authorization of ["", "Bearer wrong", "right"]) {
      const response = await ask(path, authorization === "" ? {} : { authorization });
      assert.equal(response.status, 401, path);
      assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="signalbox"');
      const { code, detail } = await response.json();
      assert.equal(code, "unauthenticated");
      const missing = authorization === "Bearer wrong"
        ? "the bearer token is not known"
        : "a bearer token or a client's certificate is needed";
      assert.ok(detail.endsWith(`: ${missing}`), detail);
    }
  }
});

Deno.test("addGuard() leaves probes open", async () => {
  const ask = bed();
  for (const path of ["/healthz", "/readyz"]) assert.equal((await ask(path)).status, 200);
});

Deno.test("addGuard() refuses the names of other machines where only this one's processes can be", async () => {
  const ask = bed({ access: OPEN_ACCESS, loopback: true });
  const own = ["localhost:8080", "signalbox_xds", "127.0.0.1:8080", "[::1]:8080", "dev.localhost", "127.8.9.10"];
  for (const host of own) assert.equal((await ask(`http://${host}/who`)).status, 200, host);
  for (const host of ["page.example:8080", "127.0.0.1.page.example", "localhost.page.example", "10.0.0.1", "[::2]"]) {
    assert.equal((await ask(`http://${host}/who`)).status, 403, host);
  }
  // Elsewhere it has other names, and who has a token was given it.
  assert.equal((await bed({ access: OPEN_ACCESS })("http://signalbox.example/who")).status, 200);
  const known = bed({ loopback: true });
  assert.equal((await known("http://page.example/who", { authorization: "Bearer right" })).status, 200);
});
