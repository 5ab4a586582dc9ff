import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";

export interface StrayErrorOptions {
  readonly plugins: readonly {
    readonly name: string;
    readonly from?: string;
    readonly sha256?: string;
  }[];
  /** Told of an error that nobody awaited or caught, and the plugin that it comes from. */
  readonly onError: (plugin: string, error: Error) => void;
}

/** Where the plugins that come with Signalbox are. */
const BUNDLED = new URL("../../plugins/", import.meta.url).href;

/**
 * Keeps what plugins throw in their timers, and promises of theirs that fail unheard, from ending the process. Whose it is
 * is told by the stack: an error that no plugin has a part in ends the process, as a defect should.
 */
export function containStrayErrors({ plugins, onError }: StrayErrorOptions): Disposable {
  const places = plugins.map(({ name, from, sha256 }) => ({ name, url: urlOf({ name, from, sha256 }) }));

  function contain(event: Event, thrown: unknown): void {
    if (!(thrown instanceof Error)) return;
    const plugin = places.find(({ url }) => thrown.stack?.includes(url))?.name;
    if (plugin === undefined) return;
    event.preventDefault();
    onError(plugin, thrown);
  }
  const onRejection = (event: PromiseRejectionEvent) => contain(event, event.reason);
  const onThrown = (event: ErrorEvent) => contain(event, event.error);
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onThrown);
  return {
    [Symbol.dispose]() {
      globalThis.removeEventListener("unhandledrejection", onRejection);
      globalThis.removeEventListener("error", onThrown);
    },
  };
}

/** What the plugin's lines of a stack have in them. Of several pinned ones, which are all run from memory, the first. */
function urlOf({ name, from, sha256 }: { name: string; from: string | undefined; sha256: string | undefined }): string {
  if (from === undefined) return `${BUNDLED}${name}/`;
  if (sha256 !== undefined) return "data:";
  return `${pathToFileURL(extname(from) === "" ? from : dirname(from)).href}/`;
}
