import { stringify } from "yaml";

/** A value as YAML, each part written out where it stands. */
export function formatYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false });
}
