import { Digest } from "./digest.ts";
import type { Fragment } from "./fragment.ts";
import { ROUTES } from "./names.ts";
import { renderVirtualHost, routeConfiguration } from "./render.ts";
import { createResource, type Resource } from "./resource.ts";

interface Row {
  readonly sessionId: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

/**
 * The one route configuration that holds the virtual hosts of all sessions. Taking in a change costs O(1): the version
 * is a digest of the rows, and the message is put together from their encoded bytes only when somebody is sent it.
 */
export class RouteTable {
  readonly #rows = new Map<string, Row>();
  readonly #digest = new Digest();

  remove(fragment: Fragment): void {
    for (const part of fragment.virtualHosts) {
      const name = part.hosts[0] ?? "";
      const row = this.#rows.get(name);
      if (row?.sessionId !== fragment.sessionId) continue;
      this.#digest.remove(row.version);
      this.#rows.delete(name);
    }
  }

  add(fragment: Fragment): void {
    for (const part of fragment.virtualHosts) {
      const { name, version, body } = createResource(part.hosts[0] ?? "", renderVirtualHost(part));
      const earlier = this.#rows.get(name);
      if (earlier) this.#digest.remove(earlier.version);
      this.#digest.add(version);
      this.#rows.set(name, { sessionId: fragment.sessionId, version, bytes: body });
    }
  }

  /** The table as it is now. Its `body` must be read before the next change, or it has that change in it. */
  resource(): Resource {
    let body: Uint8Array | undefined;
    const assemble = () => {
      const names = [...this.#rows.keys()].sort();
      return routeConfiguration(ROUTES, names.map((name) => this.#rows.get(name)?.bytes ?? new Uint8Array()));
    };
    return {
      name: ROUTES,
      version: this.#digest.toString(),
      get body() {
        return body ??= assemble();
      },
    };
  }
}
