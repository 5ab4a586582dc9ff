import { Digest } from "./digest.ts";
import type { Fragment, WholePart } from "./fragment.ts";
import { ROUTES } from "./names.ts";
import { renderVirtualHost, routeConfiguration, ROUTES_OPTIONS } from "./render.ts";
import { createResource, type Resource, type RouteParts } from "./resource.ts";

/** How virtual hosts stand in the table, which depends on who reads it. */
export interface RowForm {
  /** A session's virtual hosts, encoded. */
  rowsOf(fragment: Fragment): readonly WholePart[];
  /** Encoded fields of the `RouteConfiguration` beside its name and virtual hosts. */
  readonly options: Uint8Array;
}

export const ENVOY_ROWS: RowForm = {
  rowsOf: ({ virtualHosts }) =>
    virtualHosts.map((part) => ({ name: part.hosts[0] ?? "", body: renderVirtualHost(part) })),
  options: ROUTES_OPTIONS,
};

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

/** What was put together of a snapshot: some readers need but one of the two. */
interface Assembled {
  readonly snapshot: Snapshot;
  readonly parts: RouteParts;
  body: Uint8Array | undefined;
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
  #assembled: Assembled | undefined;
  readonly #form: RowForm;

  constructor(form: RowForm) {
    this.#form = form;
  }

  remove(fragment: Fragment): void {
    for (const part of fragment.virtualHosts) {
      const name = part.hosts[0] ?? "";
      if (this.#rows.get(name)?.sessionId === fragment.sessionId) this.#put(name, undefined);
    }
  }

  add(fragment: Fragment): void {
    for (const row of this.#form.rowsOf(fragment)) {
      const { name, version, body } = createResource(row.name, row.body);
      this.#put(name, { sessionId: fragment.sessionId, version, bytes: body });
    }
  }

  /** The table as it is now; its `body` stays that, whatever becomes of the table. */
  resource(): Resource {
    const snapshot: Snapshot = { undo: new Map(), next: undefined };
    this.#last.next = snapshot;
    this.#last = snapshot;
    const assemble = () => this.#assemble(snapshot);
    const { options } = this.#form;
    return {
      name: ROUTES,
      version: this.#digest.toString(),
      aggregate: true,
      get body() {
        const assembled = assemble();
        return assembled.body ??= routeConfiguration(ROUTES, assembled.parts.virtualHosts, options);
      },
      get parts() {
        return assemble().parts;
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

  #assemble(snapshot: Snapshot): Assembled {
    if (this.#assembled?.snapshot === snapshot) return this.#assembled;
    const later: Snapshot[] = [];
    for (let at: Snapshot | undefined = snapshot; at; at = at.next) later.push(at);
    const rows = new Map(this.#rows);
    for (const { undo } of later.reverse()) for (const [name, row] of undo) setOrDelete(rows, name, row);
    const ordered = [...rows].sort(([a], [b]) => a < b ? -1 : 1);
    const virtualHosts = ordered.map(([, { bytes }]) => bytes);
    this.#assembled = {
      snapshot,
      parts: { frame: routeConfiguration(ROUTES, [], this.#form.options), virtualHosts },
      body: undefined,
    };
    return this.#assembled;
  }
}

function setOrDelete(rows: Map<string, Row>, name: string, row: Row | undefined): void {
  if (row) rows.set(name, row);
  else rows.delete(name);
}
