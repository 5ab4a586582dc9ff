import { CLUSTER, SCOPED_ROUTE } from "../../core/cache/resource_type.ts";
import { type AdsResponse, type AdsStream, openAdsStream } from "./ads_client.ts";

/** Many delta ADS streams in one process, each subscribed to all clusters and scopes. */
export interface Fleet {
  /** One more stream; resolves when it has what there is. */
  add(sessions: number): Promise<void>;
  /** One more stream, which subscribes and never reads what it is sent; nobody waits for it. */
  addStopped(): void;
  /** When the last of the streams has got a response of this type. */
  everyStreamReceives(typeUrl: string): Promise<number>;
  close(): void;
}

export function createFleet(address: string): Fleet {
  const opened: AdsStream[] = [];
  const stopped: AdsStream[] = [];
  let onResponse: (stream: number, response: AdsResponse) => void = () => {};
  // The versions that the first stream got: with them the others are sent nothing, as Envoys after a restart.
  const versions: Record<string, Record<string, string>> = { [CLUSTER]: {}, [SCOPED_ROUTE]: {} };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});

  function open(): void {
    const index = opened.length;
    opened.push(openAdsStream({
      address,
      nodeId: `bench-${index}`,
      types: [CLUSTER, SCOPED_ROUTE].map((typeUrl) => ({ typeUrl, have: versions[typeUrl] ?? {} })),
      onResponse: (response) => onResponse(index, response),
      onEnd: (reason) => failed.reject(new Error(`Stream ${index} ended: ${reason}`)),
    }));
  }

  return {
    async add(sessions) {
      const done = Promise.withResolvers<void>();
      if (opened.length === 0) {
        onResponse = (_, { typeUrl, resources }) => {
          for (const { name, version } of resources) (versions[typeUrl] ??= {})[name] = version;
          const complete = Object.values(versions).every((known) => Object.keys(known).length >= sessions);
          if (complete) done.resolve();
        };
        open();
      } else {
        open();
        // Nothing comes that could be waited for: the warm-up's changes prove that the stream is there.
        done.resolve();
      }
      await Promise.race([done.promise, failed.promise]);
      onResponse = () => {};
    },
    addStopped() {
      stopped.push(openAdsStream({
        address,
        nodeId: `stopped-${stopped.length}`,
        types: [CLUSTER, SCOPED_ROUTE].map((typeUrl) => ({ typeUrl })),
        stopped: true,
        onResponse: () => {},
        // Signalbox gives up on it when it is too far behind.
        onEnd: () => {},
      }));
    },
    everyStreamReceives(typeUrl) {
      const missing = new Set(opened.keys());
      const received = Promise.withResolvers<number>();
      onResponse = (stream, response) => {
        if (response.typeUrl !== typeUrl || response.resources.length === 0) return;
        missing.delete(stream);
        if (missing.size === 0) received.resolve(performance.now());
      };
      const timer = setTimeout(
        () => failed.reject(new Error(`${missing.size} streams received nothing within 60 s`)),
        60_000,
      );
      return Promise.race([received.promise, failed.promise]).finally(() => clearTimeout(timer));
    },
    close() {
      for (const stream of [...opened, ...stopped]) stream.close();
    },
  };
}
