import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";

export interface BundleOptions {
  /** Default: the plugin's name and `.js`. */
  readonly out?: string;
}

/** Writes a plugin as one file, and prints the lines of a config that take that very file. */
export async function bundlePlugin(folder: string, { out }: BundleOptions, io: CommandIo): Promise<void> {
  const { basename, dirname, extname, resolve } = await import("node:path");
  const { writeFile } = await import("node:fs/promises");
  const { fileFailure } = await import("../file_failure.ts");
  const { bundleModule } = await import("../plugin/bundle_module.ts");
  const { importBytes } = await import("../plugin/load_module.ts");
  const { readPlugin } = await import("../plugin/read_plugin.ts");
  const { formatYaml } = await import("./yaml_text.ts");
  const from = resolve(folder);
  const stem = basename(from, extname(from));
  const name = stem === "plugin" || stem === "mod" ? basename(dirname(from)) : stem;
  const file = out ?? `${name}.js`;
  const { code, sha256 } = await bundleModule(from);
  const plugin = readPlugin(await importBytes(new TextEncoder().encode(code), "text/javascript"));
  if (!plugin.ok) throw new SignalboxError("invalid_request", `Cannot bundle "${from}": ${plugin.message}`);
  try {
    await writeFile(file, code);
  } catch (cause) {
    throw new SignalboxError("invalid_request", `Cannot write "${file}": ${fileFailure(cause)}`, { cause });
  }
  const config = plugin.value.config && plugin.value.examples?.[0]?.config;
  const entry = { name, from: resolve(file), sha256, ...(isEmpty(config) ? {} : { config }) };
  const notes = [
    `${file} is written. In the config, where a path may also be relative to the config's folder:`,
    ...isEmpty(config) ? [] : ["(the plugin's config is that of its first example)"],
  ];
  io.out(`${notes.map((note) => `# ${note}\n`).join("")}${formatYaml({ plugins: [entry] })}`);
}

const isEmpty = (config: unknown): boolean =>
  config === undefined || (typeof config === "object" && config !== null && Object.keys(config).length === 0);
