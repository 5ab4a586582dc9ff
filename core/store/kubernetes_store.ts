import { z } from "zod";
import type { KubernetesClient, RequestOptions } from "../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../kubernetes/kubernetes_error.ts";
import { Reflector } from "../kubernetes/reflector.ts";
import { isAtLeast } from "../kubernetes/resource_version.ts";
import type { SessionParsing } from "../session/parse_session.ts";
import type { SessionRecord } from "../session/session.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { Timers } from "../timers.ts";
import { GROUP, PLURAL, VERSION } from "./session_definition.ts";
import { parseSessionObject, type SessionObject, toNewObject, toPatch } from "./session_object.ts";
import type { StoreChange } from "./store.ts";

/** Objects that changed, by their UIDs; `undefined` for those that are gone. */
export type SessionObjectChanges = ReadonlyMap<string, SessionObject | undefined>;

export interface KubernetesStoreOptions {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  readonly namespace: string;
  readonly parsing: SessionParsing;
  /**
   * Told of all objects at first, then of what changes, whoever changed it. Has to call `taken` when that is what is
   * served: only then does a `write()` end.
   */
  readonly onChange: (changes: SessionObjectChanges, taken: () => void) => void;
  readonly timers: Timers;
  readonly nowMs: () => number;
}

/** `expire`: the object goes if it is as it was then, whatever became of it meanwhile. */
export type ObjectChange = StoreChange | { readonly kind: "expire"; readonly object: SessionObject };

/** Why a change was not made: `conflict` where somebody else changed the object meanwhile. */
export type WriteFailure = "conflict" | SignalboxError;

interface Waiter {
  readonly isOver: () => boolean;
  readonly resolve: (isOver: boolean) => void;
}

/** How many objects are written at once. */
const MAX_WRITES = 32;
const WRITE_MS = 5_000;
/** How long a write waits for the watch to tell of it. */
const ECHO_MS = 5_000;
/** How long is waited for news of an object that somebody else changed. */
const NEWS_MS = 500;

/**
 * Sessions as objects of a cluster, which several replicas write and all of them watch. The watch is what there is: what
 * is written here comes back by it as what others write does, and is there when `write()` ends.
 */
export class KubernetesStore {
  readonly #options: KubernetesStoreOptions;
  readonly #path: string;
  readonly #reflector: Reflector<SessionObject>;
  /** What was taken in, by UID and by name. */
  readonly #objects = new Map<string, SessionObject>();
  readonly #byName = new Map<string, SessionObject>();
  #takenVersion = "0";
  readonly #waiters = new Set<Waiter>();
  #isClosed = false;

  constructor(options: KubernetesStoreOptions) {
    const { client, namespace, parsing, timers, nowMs } = options;
    this.#options = options;
    this.#path = `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${PLURAL}`;
    this.#reflector = new Reflector<SessionObject>({
      client,
      collection: { path: this.#path, title: `sessions in namespace ${namespace}` },
      parse: (object) => parseSessionObject(object, parsing),
      onChange: (changes, resourceVersion) => options.onChange(changes, () => this.#take(changes, resourceVersion)),
      timers,
      nowMs,
    });
  }

  /** Resolves when all objects that there are have been told of. */
  get synced(): Promise<void> {
    return this.#reflector.synced;
  }

  /** What keeps the objects from being followed now, for people. */
  get problem(): string | undefined {
    return this.#reflector.problem;
  }

  /** Up to where the watch has come and was taken in. */
  get version(): string {
    return this.#takenVersion;
  }

  get(name: string): SessionObject | undefined {
    return this.#byName.get(name);
  }

  /** By UID. */
  get objects(): ReadonlyMap<string, SessionObject> {
    return this.#objects;
  }

  /**
   * Makes the changes, at most one an id, to the objects as they are known now, and waits until the watch has told of them
   * and that was taken in. What could not be made is in the answer by its id; it keeps nothing else from being made. Never
   * rejects.
   */
  async write(changes: readonly ObjectChange[]): Promise<ReadonlyMap<string, WriteFailure>> {
    const failures = new Map<string, WriteFailure>();
    const known = changes.map((change) => ({ change, present: this.#presentOf(change) }));
    const puts = known.filter(({ change }) => change.kind === "put");
    const deletes = known.filter(({ change }) => change.kind !== "put");
    // Puts first: a host that passes from one session to another does so in the step in which the first one goes.
    for (const some of [puts, deletes]) {
      const queue = some.values();
      const work = async () => {
        for (const { change, present } of queue) {
          const failure = await this.#write(change, present);
          if (failure !== undefined) failures.set(idOf(change), failure);
        }
      };
      await Promise.all(Array.from({ length: Math.min(MAX_WRITES, some.length) }, work));
    }
    return failures;
  }

  /** Resolves when the object of this name is no longer `known`, but soon in any case. */
  async untilNews(name: string, known: SessionObject | undefined): Promise<void> {
    await this.#wait(() => this.#byName.get(name) !== known, NEWS_MS);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { resolve } of this.#waiters) resolve(false);
    await this.#reflector.close();
  }

  #take(changes: SessionObjectChanges, resourceVersion: string): void {
    for (const [uid, object] of changes) {
      const before = this.#objects.get(uid);
      if (object) this.#objects.set(uid, object);
      else this.#objects.delete(uid);
      if (before && this.#byName.get(before.name) === before) this.#byName.delete(before.name);
    }
    // Last: an object that was made anew has the name of the one that is gone.
    for (const object of changes.values()) if (object) this.#byName.set(object.name, object);
    this.#takenVersion = resourceVersion;
    for (const { isOver, resolve } of this.#waiters) if (isOver()) resolve(true);
  }

  /** Whether it is over, and not only the time. */
  async #wait(isOver: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isOver() || this.#isClosed) return isOver();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { isOver, resolve };
    this.#waiters.add(waiter);
    const cancel = this.#options.timers.after(timeoutMs, () => resolve(false));
    const outcome = await promise;
    cancel();
    this.#waiters.delete(waiter);
    return outcome;
  }

  #presentOf(change: ObjectChange): SessionObject | undefined {
    return change.kind === "expire" ? change.object : this.#byName.get(idOf(change));
  }

  async #write(change: ObjectChange, present: SessionObject | undefined): Promise<WriteFailure | undefined> {
    const id = idOf(change);
    if (this.#isClosed) return unavailable(`Cannot write session "${id}": the store is closed`);
    try {
      const isTaken = change.kind === "put" ? await this.#put(change.record, present) : await this.#delete(present);
      if (await this.#wait(isTaken, ECHO_MS)) return undefined;
      // It will be served, but nobody here can say when.
      return unavailable(
        `Cannot serve session "${id}": it was written, but the API server's watch does not tell of it`,
      );
    } catch (thrown) {
      return toFailure(id, KubernetesError.fromFailure(thrown), present);
    }
  }

  /** Resolves when it is written, with what says whether that has come back and was taken in. */
  async #put(record: SessionRecord, present: SessionObject | undefined): Promise<() => boolean> {
    const request: RequestOptions = present
      ? { method: "PATCH", contentType: "application/json-patch+json", body: toPatch(record, present) }
      : { method: "POST", body: toNewObject(record) };
    const path = present ? `${this.#path}/${present.name}` : this.#path;
    const answer = await this.#options.client.request(path, { ...request, timeoutMs: WRITE_MS });
    const { metadata: { resourceVersion } } = versioned.parse(answer);
    return () => isAtLeast(this.#takenVersion, resourceVersion);
  }

  async #delete(present: SessionObject | undefined): Promise<() => boolean> {
    if (!present) return () => true;
    const { uid, name, resourceVersion } = present;
    const body = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid, resourceVersion } };
    await this.#options.client.request(`${this.#path}/${name}`, { method: "DELETE", body, timeoutMs: WRITE_MS });
    return () => !this.#objects.has(uid);
  }
}

const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

function toFailure(id: string, error: KubernetesError, present: SessionObject | undefined): WriteFailure {
  const { status, message } = error;
  if (status === 409 || (status === 404 && present)) return "conflict";
  const text = `Cannot write session "${id}": ${message}`;
  if (status !== 400 && status !== 422) return unavailable(text, error);
  return new SignalboxError("invalid_request", text, { issues: [{ path: "", message }], cause: error });
}

function unavailable(message: string, cause?: unknown): SignalboxError {
  return new SignalboxError("store_unavailable", message, cause === undefined ? {} : { cause });
}

function idOf(change: ObjectChange): string {
  switch (change.kind) {
    case "put":
      return change.record.session.id;
    case "delete":
      return change.id;
    case "expire":
      return change.object.name;
  }
}
