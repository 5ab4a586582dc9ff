export interface FileWatch extends Disposable {
  /** Ends `changes`. */
  close(): void;
  /** The paths that changed, once it is quiet again for `quietMs`. */
  readonly changes: AsyncIterable<readonly string[]>;
}

/** A folder to watch, and which of its files count. */
export interface Watched {
  readonly folder: string;
  readonly recursive: boolean;
  readonly counts: (path: string) => boolean;
}

/** Watches folders rather than files: editors replace a file, and a watch of the old one would see nothing more. */
export function watchFiles(watched: readonly Watched[], options: { readonly quietMs?: number } = {}): FileWatch {
  const { quietMs = 150 } = options;
  const watchers = watched.map(({ folder, recursive }) => Deno.watchFs(folder, { recursive }));
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { readable, writable } = new TransformStream<readonly string[], readonly string[]>();
  const writer = writable.getWriter();
  let closed = false;

  watchers.forEach(async (watcher, index) => {
    for await (const { kind, paths } of watcher) {
      // "access" is a read: Signalbox itself reads its files at every start.
      if (!["create", "modify", "rename", "remove"].includes(kind)) continue;
      const counting = paths.filter((path) => watched[index]?.counts(path));
      if (counting.length === 0) continue;
      for (const path of counting) changed.add(path);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const batch = [...changed].sort();
        changed.clear();
        if (!closed) writer.write(batch).catch(() => {}); // Nobody listens any more.
      }, quietMs);
    }
  });

  const close = () => {
    if (closed) return;
    closed = true;
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
    writer.close().catch(() => {}); // Nobody listens any more.
  };
  return { changes: readable, close, [Symbol.dispose]: close };
}
