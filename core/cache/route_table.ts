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
 * The table at one moment: what to undo in the next snapshot (in the table itself, for the last) to have it. So it costs
 * no more than the change between them, and is collected when nobody can be sent it any more.
 */
interface Snapshot {
  readonly undo: Map<string, Row | undefined>;
  next: Snapshot | undefined;
}

/**
 * The one route configuration that holds the virtual hosts of all sessions. Taking in a change costs O(1): the version
 * is a digest of the rows, and the message is put together from their encoded bytes only when somebody is sent it.
 */
export class RouteTable {
  readonly #rows = new Map<string, Row>();
  readonly #digest = new Digest();
  #last: Snapshot = { undo: new Map(), next: undefined };
  /** The message that was put together last: clients in step are sent the same. */
  #assembled: { readonly snapshot: Snapshot; readonly body: Uint8Array } | undefined;

  remove(fragment: Fragment): void {
    for (const part of fragment.virtualHosts) {
      const name = part.hosts[0] ?? "";
      if (this.#rows.get(name)?.sessionId === fragment.sessionId) this.#put(name, undefined);
    }
  }

  add(fragment: Fragment): void {
    for (const part of fragment.virtualHosts) {
      const { name, version, body } = createResource(part.hosts[0] ?? "", renderVirtualHost(part));
      this.#put(name, { sessionId: fragment.sessionId, version, bytes: body });
    }
  }

  /** The table as it is now; its `body` stays that, whatever becomes of the table. */
  resource(): Resource {
    const snapshot: Snapshot = { undo: new Map(), next: undefined };
    this.#last.next = snapshot;
    this.#last = snapshot;
    const body = () => this.#assemble(snapshot);
    return {
      name: ROUTES,
      version: this.#digest.toString(),
      aggregate: true,
      get body() {
        return body();
      },
    };
  }

  #put(name: string, row: Row | undefined): void {
    const earlier = this.#rows.get(name);
    if (!this.#last.undo.has(name)) this.#last.undo.set(name, earlier);
    if (earlier) this.#digest.remove(earlier.version);
    if (row) this.#digest.add(row.version);
    setOrDelete(this.#rows, name, row);
  }

  #assemble(snapshot: Snapshot): Uint8Array {
    if (this.#assembled?.snapshot === snapshot) return this.#assembled.body;
    const later: Snapshot[] = [];
    for (let at: Snapshot | undefined = snapshot; at; at = at.next) later.push(at);
    const rows = new Map(this.#rows);
    for (const { undo } of later.reverse()) for (const [name, row] of undo) setOrDelete(rows, name, row);
    const ordered = [...rows].sort(([a], [b]) => a < b ? -1 : 1);
    const body = routeConfiguration(ROUTES, ordered.map(([, { bytes }]) => bytes));
    this.#assembled = { snapshot, body };
    return body;
  }
}

function setOrDelete(rows: Map<string, Row>, name: string, row: Row | undefined): void {
  if (row) rows.set(name, row);
  else rows.delete(name);
}
