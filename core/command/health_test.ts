import assert from "node:assert/strict";
import { join } from "node:path";
import { createTestAuthority, unchanging } from "../access/testdata/test_authority.ts";
import { freePort } from "../dev/free_port.ts";
import { startHttpServer } from "../http/http_server.ts";
import { runCommand, withFolder } from "./testdata/test_io.ts";

const health = (file: string) => runCommand(["health", "--config", file]);

Deno.test("health tells whether the Signalbox of the config is ready, by TLS too", () =>
  withFolder(async (folder) => {
    const certificate = unchanging(await (await createTestAuthority()).issue());
    let status = 503;
    const handler = ({ url }: Request) =>
      new Response("", { status: new URL(url).pathname === "/readyz" ? status : 404 });
    for (const tls of [false, true]) {
      const server = await startHttpServer({
        address: "127.0.0.1",
        port: 0,
        handler,
        ...(tls ? { access: { certificate, handshakeFailed() {} } } : {}),
      });
      const file = join(folder, "s.yaml");
      const files = tls ? ", tls: {cert: a.crt, key: a.key}" : "";
      await Deno.writeTextFile(file, `{domain: a, http: {address: 0.0.0.0, port: ${server.port}${files}}}`);
      status = 503;
      assert.deepEqual(await health(file), {
        code: 1,
        out: "",
        err: "error: Signalbox is not ready: it answers 503\n",
      });
      status = 200;
      assert.deepEqual(await health(file), { code: 0, out: "ready\n", err: "" });
      await server.close();
    }
  }));

Deno.test("health exits with 1 when nobody is there", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    const port = freePort();
    await Deno.writeTextFile(file, `{domain: a, http: {port: ${port}}}`);
    const { code, err } = await health(file);
    assert.equal(code, 1);
    assert.ok(err.startsWith(`error: Cannot reach "127.0.0.1:${port}": `), err);
    await Deno.writeTextFile(file, "{domain: a, http: {port: 0}}");
    assert.match((await health(file)).err, /^error: Cannot tell Signalbox's port: .* has http\.port 0\n$/);
  }));
