import manifest from "../../deno.json" with { type: "json" };

/** Signalbox's version, as in `0.1.0`. */
export const VERSION: string = manifest.version;
