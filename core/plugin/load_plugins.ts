import { getLogger } from "@logtape/logtape";
import { joinPath } from "../proto/bad_field.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import { checkInput } from "./check_input.ts";
import type { HookSet, OnError } from "./hook_set.ts";
import { loadModule } from "./load_module.ts";
import type { Schema, Schemas, StandardSchema } from "./plugin.ts";
import type { PluginPlace, PluginRuntime } from "./plugin_runtime.ts";
import { type AnyPlugin, isStandardSchema, readHooks, readPlugin } from "./read_plugin.ts";

/** What the configuration says of a plugin. */
export interface PluginSpec extends PluginPlace {
  /** A file or a folder, absolute. Absent: the bundled plugin of this name. */
  readonly from?: string;
  /** What the file of `from` must be, as 64 hex digits. */
  readonly sha256?: string;
  readonly onError: OnError;
  /** As it was written. */
  readonly config?: unknown;
}

/** The plugins that come with Signalbox, by name; none is loaded that is not configured. */
export type BundledPlugins = Readonly<Record<string, () => Promise<{ readonly default: AnyPlugin }>>>;

export interface LoadOptions {
  readonly bundled: BundledPlugins;
  readonly runtime: PluginRuntime;
  /** How long `setup` may take. Default 30,000. */
  readonly setupTimeoutMs?: number;
  /** Told what begins. */
  readonly onStep?: (plugin: string, step: "load" | "setup") => void;
}

/** A plugin whose module and config are in order, before its `setup`. */
export interface ReadyPlugin {
  readonly spec: PluginSpec;
  readonly plugin: AnyPlugin;
  /** As its schema made it. */
  readonly config: unknown;
}

const log = getLogger(["signalbox", "plugins"]);

/**
 * All plugins, loaded and set up, in their order. Nothing is set up before everything is found to be in order. Throws
 * `invalid_config` with every problem, by its path in the configuration.
 */
export async function loadPlugins(specs: readonly PluginSpec[], options: LoadOptions): Promise<readonly HookSet[]> {
  const ready = await all(specs, (spec, path) => prepare(spec, path, options));
  return await all(ready, (plugin, path) => setUp(plugin, path, options));
}

type Step<Value> = { readonly ok: true; readonly value: Value } | {
  readonly ok: false;
  readonly issues: readonly Issue[];
};

async function all<From, To>(
  from: readonly From[],
  step: (from: From, path: string) => Promise<Step<To>>,
): Promise<readonly To[]> {
  const results: Step<To>[] = [];
  // One after the other: what begins is what is at work.
  for (const [index, item] of from.entries()) results.push(await step(item, `plugins[${index}]`));
  const issues = results.flatMap((result) => result.ok ? [] : result.issues);
  if (issues.length > 0) {
    const lines = issues.map(({ path, message }) => `${path}: ${message}`);
    throw new SignalboxError("invalid_config", lines.join("\n"), { issues });
  }
  return results.flatMap((result) => result.ok ? [result.value] : []);
}

async function prepare(spec: PluginSpec, path: string, options: LoadOptions): Promise<Step<ReadyPlugin>> {
  const { bundled, runtime, onStep } = options;
  onStep?.(spec.name, "load");
  const loaded = await load(spec, bundled);
  if (!loaded.ok) return failed(`${path}.${loaded.key}`, loaded.message);
  const read = readPlugin(loaded.exports);
  if (!read.ok) return failed(spec.from === undefined ? path : `${path}.from`, read.message);
  const plugin = read.value;
  const place = `${path}.config`;
  try {
    const schema = makeSchema(plugin.config, runtime.configSchemas(spec));
    if (schema === undefined) {
      if (spec.config === undefined) return { ok: true, value: { spec, plugin, config: undefined } };
      return failed(place, "must be left out: the plugin takes none");
    }
    // A plugin that is configured without a word is one that is configured with nothing.
    const checked = await checkInput(schema, spec.config ?? {});
    if (checked.ok) return { ok: true, value: { spec, plugin, config: checked.value } };
    return { ok: false, issues: checked.issues.map((issue) => ({ ...issue, path: joinPath(place, issue.path) })) };
  } catch (thrown) {
    return failed(place, `the plugin's schema failed: ${messageOf(thrown)}`);
  }
}

async function load({ name, from, sha256 }: PluginSpec, bundled: BundledPlugins): Promise<
  | { readonly ok: true; readonly exports: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly key: "from" | "sha256" | "name"; readonly message: string }
> {
  if (from !== undefined) return await loadModule({ from, sha256 });
  const module = Object.hasOwn(bundled, name) ? bundled[name] : undefined;
  if (module !== undefined) return { ok: true, exports: { ...await module() } };
  const names = Object.keys(bundled).join(", ");
  return {
    ok: false,
    key: "name",
    message: `no plugin "${name}" comes with Signalbox (${names}); others need a "from"`,
  };
}

async function setUp(
  { spec, plugin, config }: ReadyPlugin,
  path: string,
  options: LoadOptions,
): Promise<Step<HookSet>> {
  const { runtime, setupTimeoutMs = 30_000 } = options;
  const startedAtMs = performance.now();
  options.onStep?.(spec.name, "setup");
  try {
    const returned = await withTimeout(setupTimeoutMs, plugin.setup(config as never, runtime.host(spec)));
    const hooks = readHooks(returned);
    if (!hooks.ok) return failed(path, hooks.message);
    const readInput = inputReader(makeSchema(plugin.session, runtime.sessionSchemas()));
    const ms = Math.round(performance.now() - startedAtMs);
    log.info("Plugin {plugin} is ready", { plugin: spec.name, from: spec.from ?? "bundled", ms });
    const sampleInputs = (plugin.examples ?? []).map(({ session }) => session);
    const hookSet = { plugin: spec.name, onError: spec.onError, hooks: hooks.value, sampleInputs };
    return { ok: true, value: readInput === undefined ? hookSet : { ...hookSet, readInput } };
  } catch (thrown) {
    return failed(path, runtime.revealed.redact(`its setup failed: ${messageOf(thrown)}`));
  }
}

function makeSchema(schema: Schema, schemas: Schemas): StandardSchema | undefined {
  if (schema === undefined) return undefined;
  const made = typeof schema === "function" && !isStandardSchema(schema) ? schema(schemas) : schema;
  if (isStandardSchema(made)) return made as StandardSchema;
  throw new TypeError("it is no Standard Schema");
}

function inputReader(schema: StandardSchema | undefined): HookSet["readInput"] | undefined {
  if (schema === undefined) return undefined;
  return (said) => {
    try {
      const checked = checkInput(schema, said);
      if (checked instanceof Promise) {
        checked.catch(() => {}); // It is refused in any case.
        return { ok: false, issues: [{ path: "", message: "cannot be checked: the plugin's schema is asynchronous" }] };
      }
      return checked.ok ? { ok: true, input: checked.value } : checked;
    } catch (thrown) {
      return { ok: false, issues: [{ path: "", message: `cannot be checked: ${messageOf(thrown)}` }] };
    }
  };
}

async function withTimeout<Value>(ms: number, value: Value | Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it took more than ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([value, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function failed(path: string, message: string): { readonly ok: false; readonly issues: readonly Issue[] } {
  return { ok: false, issues: [{ path, message }] };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
