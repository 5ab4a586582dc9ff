import { kindOf, quote } from "../session/quote.ts";
import type { HookName, Hooks } from "./hooks.ts";
import type { PluginHost, Schema } from "./plugin.ts";

/** Any plugin, whatever its schemas. */
export interface AnyPlugin {
  readonly apiVersion: 1;
  readonly config?: Schema;
  readonly session?: Schema;
  readonly examples?: readonly { readonly config?: unknown; readonly session?: unknown }[];
  setup(config: never, host: PluginHost): Hooks<never> | Promise<Hooks<never>>;
}

export type ReadResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

const KEYS = ["apiVersion", "config", "session", "examples", "setup"];

const HOOK_NAMES = Object.keys(
  {
    session: true,
    endpoint: true,
    cluster: true,
    secret: true,
    route: true,
    virtualHost: true,
    listener: true,
    extras: true,
  } satisfies Record<HookName, true>,
);

/** The plugin that a module has for its default export. */
export function readPlugin(exports: Readonly<Record<string, unknown>>): ReadResult<AnyPlugin> {
  const plugin = exports["default"];
  if (plugin === undefined) return wrong("the module has no default export");
  if (!isObject(plugin)) return wrong(`the default export must be an object, is ${kindOf(plugin)}`);
  const { apiVersion, setup, config, session, examples } = plugin;
  if (apiVersion !== 1) {
    return wrong(`apiVersion must be 1, the only one that this Signalbox knows, is ${quote(apiVersion)}`);
  }
  if (typeof setup !== "function") return wrong(`setup must be a function, is ${kindOf(setup)}`);
  for (const [name, schema] of Object.entries({ config, session })) {
    if (!isSchema(schema)) return wrong(`${name} must be a Standard Schema or a function that makes one`);
  }
  if (examples !== undefined && !(Array.isArray(examples) && examples.every(isObject))) {
    return wrong("examples must be an array of objects");
  }
  const unknown = Object.keys(plugin).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return wrong(`the plugin has "${unknown}"; known are ${KEYS.join(", ")}`);
  // All that the type says has been looked at, but for what the functions take and give.
  return { ok: true, value: plugin as unknown as AnyPlugin };
}

/** What `setup` returned. */
export function readHooks(value: unknown): ReadResult<Hooks<never>> {
  if (!isObject(value)) return wrong(`setup must return an object of hooks, returned ${kindOf(value)}`);
  for (const [name, hook] of Object.entries(value)) {
    if (!HOOK_NAMES.includes(name)) return wrong(`setup returned a hook "${name}"; there are ${HOOK_NAMES.join(", ")}`);
    if (hook !== undefined && !isHook(hook)) {
      return wrong(`the hook "${name}" must be a function, or { order: "pre" or "post", run: a function }`);
    }
  }
  return { ok: true, value: value as Hooks<never> };
}

function isHook(hook: unknown): boolean {
  if (typeof hook === "function") return true;
  if (!isObject(hook) || typeof hook["run"] !== "function") return false;
  return hook["order"] === "pre" || hook["order"] === "post";
}

function isSchema(schema: unknown): boolean {
  return schema === undefined || typeof schema === "function" || isStandardSchema(schema);
}

/** A schema may be a function with properties, as those of some libraries are. */
export function isStandardSchema(value: unknown): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return isObject(Reflect.get(value, "~standard"));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const wrong = (message: string) => ({ ok: false, message }) as const;
