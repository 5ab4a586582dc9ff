import type { FileDescriptor } from "./descriptor_set.ts";

const ENVOY_DOCS = "https://www.envoyproxy.io/docs/envoy/v1.40.0";
const PROTOBUF_DOCS = "https://protobuf.dev/reference/protobuf/google.protobuf/";

/** The page that documents a message; absent when there is none. */
export function docsUrl(file: FileDescriptor, fullName: string): string | undefined {
  if (file.package === "google.protobuf") return `${PROTOBUF_DOCS}#${fullName.split(".")[2]?.toLowerCase()}`;
  // The documentation names Envoy's own messages without their first package.
  const [place, label] = file.name.startsWith("envoy/")
    ? [`api-v3/${file.name.slice("envoy/".length)}`, fullName.slice("envoy.".length)]
    : [file.name, fullName];
  if (!/^(envoy|xds)\//.test(file.name)) return undefined;
  const anchor = `envoy-v3-api-msg-${label.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
  return `${ENVOY_DOCS}/${place}#${anchor}`;
}
