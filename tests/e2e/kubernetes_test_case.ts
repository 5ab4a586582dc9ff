import { envoyPath } from "./envoy_test_case.ts";
import { type ApiServer, findApiServer, startApiServer } from "./kubernetes_api_server.ts";

const found = await findApiServer();
if (typeof found === "string") {
  // deno-lint-ignore no-console
  console.warn(`Tests with Kubernetes are ignored: ${found}`);
}

let server: Promise<ApiServer & AsyncDisposable> | undefined;

/** A test that needs an API server, and a real Envoy unless told otherwise: ignored where there is none. */
export function testWithKubernetes(
  name: string,
  run: (server: ApiServer) => Promise<void>,
  { envoy = true, own = false }: { readonly envoy?: boolean; readonly own?: boolean } = {},
): void {
  // What kills the API server does so to one of its own only.
  const ignore = typeof found === "string" || (envoy && envoyPath === "") || (own && "kubeconfig" in found);
  Deno.test({
    name,
    ignore,
    async fn() {
      if (typeof found === "string") throw new Error(found);
      server ??= startApiServer(found);
      await run(await server);
    },
  });
}

Deno.test.afterAll(async () => {
  await (await server)?.[Symbol.asyncDispose]();
});
