import type { ApiClient } from "../e2e/api_client.ts";

const BATCH = 2000;

/** `count` sessions `load-0`, `load-1`, ... that all lead to one backend, by the bulk API. */
export async function preload(
  api: ApiClient,
  count: number,
  backend: { readonly address: string; readonly port: number },
): Promise<void> {
  for (let first = 0; first < count; first += BATCH) {
    const tasks = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => ({
      id: `load-${first + index}`,
      address: backend.address,
      port: backend.port,
    }));
    const { status, body } = await api.request("POST", "/xds/tasks:batch", { tasks });
    if (status > 299) throw new Error(`Cannot preload: ${status} ${JSON.stringify(body).slice(0, 500)}`);
  }
}
