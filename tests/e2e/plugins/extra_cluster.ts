import type { Plugin } from "../../../core/plugin/plugin.ts";

/** A cluster that no session has and that filters would use. */
export default {
  apiVersion: 1,
  setup: () => ({
    extras: () => ({ clusters: [{ name: "extra-cluster:auth", type: "STATIC", connectTimeout: { seconds: 1 } }] }),
  }),
} satisfies Plugin;
