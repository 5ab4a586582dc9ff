// Imported late, as a file of ours: bundled, the package itself would have lost its names.
export { KubeConfig } from "@kubernetes/client-node";
