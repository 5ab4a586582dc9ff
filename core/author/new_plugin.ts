import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../../deno.json" with { type: "json" };
import { readEmbedded } from "../embedded.ts";
import { errorCode, fileFailure } from "../file_failure.ts";
import { SignalboxError } from "../signalbox_error.ts";

/** Where a plugin's folder keeps the types that it is written with. */
const TYPES_FOLDER = ".signalbox";

/** What authors import types from, by the name that their `deno.json` gives it. */
const ENTRIES = { "signalbox": "core/plugin/plugin.ts", "signalbox/test": "core/author/plugin_tests.ts" } as const;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Makes a folder with a plugin, its test, and the types of this Signalbox. Its files, from the folder on. Throws
 * `invalid_request` where the folder is there and not empty, or cannot be written.
 */
export async function createPluginFolder(folder: string): Promise<readonly string[]> {
  try {
    if ((await entriesOf(folder)).length > 0) {
      throw new SignalboxError("invalid_request", `Cannot make "${folder}": there is something in it`);
    }
    const written = { "plugin.ts": PLUGIN, "plugin_test.ts": TEST, "deno.json": DENO_JSON };
    for (const [name, text] of Object.entries({ ...written, ...await readTypes() })) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    return [...Object.keys(written), TYPES_FOLDER];
  } catch (cause) {
    if (cause instanceof SignalboxError) throw cause;
    throw new SignalboxError("invalid_request", `Cannot make "${folder}": ${fileFailure(cause)}`, { cause });
  }
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return [];
    throw thrown;
  }
}

/** A compiled Signalbox has them in itself. */
async function readTypes(): Promise<Readonly<Record<string, string>>> {
  if (!Deno.build.standalone) return await collectTypes();
  return JSON.parse(new TextDecoder().decode(await readEmbedded("plugin_types.json")));
}

/** The files of the source that the entries are made of, by their paths in the plugin's folder. */
export async function collectTypes(): Promise<Readonly<Record<string, string>>> {
  const texts = new Map<string, string>();
  const rest = Object.values(ENTRIES).map((entry) => join(ROOT, entry));
  for (let path = rest.pop(); path !== undefined; path = rest.pop()) {
    if (texts.has(path)) continue;
    const text = await readFile(path, "utf8");
    texts.set(path, text);
    for (const [, specifier] of text.matchAll(/\bfrom "(\.[^"]+)"/g)) rest.push(join(dirname(path), specifier ?? ""));
  }
  return Object.fromEntries(
    Array.from(texts, ([path, text]) => [join(TYPES_FOLDER, relative(ROOT, path)), text] as const),
  );
}

const DENO_JSON = `${
  JSON.stringify(
    {
      imports: {
        ...Object.fromEntries(
          Object.entries(ENTRIES).map(([name, entry]) => [name, `./${TYPES_FOLDER}/${entry}`]),
        ),
        // Types alone: the zod that runs is Signalbox's.
        zod: manifest.imports.zod,
      },
      tasks: {
        check: "deno check plugin.ts plugin_test.ts",
        test: "signalbox plugin test",
        bundle: "signalbox plugin bundle",
      },
      compilerOptions: manifest.compilerOptions,
      fmt: { lineWidth: 120, exclude: [TYPES_FOLDER] },
      lint: { exclude: [TYPES_FOLDER] },
    },
    null,
    2,
  )
}\n`;

const PLUGIN = `import type { Plugin, Schemas } from "signalbox";

/** What the operator may configure: plugins[].config in Signalbox's config file. */
const config = ({ z }: Schemas) => z.strictObject({ header: z.string().default("x-tenant") });

/** What a session may say: plugins.<name> of its registration. */
const session = ({ z }: Schemas) => z.strictObject({ tenant: z.string().regex(/^[\\w-]+$/) }).optional();

/** Tells the pod whose session it is; what a client sends in the header does not get through. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [{ config: {}, session: { tenant: "blue" } }, { config: { header: "x-customer" } }],
  setup({ header }) {
    return {
      route(route, { input }) {
        if (input === undefined) {
          return { ...route, requestHeadersToRemove: [...route.requestHeadersToRemove ?? [], header] };
        }
        const tenant = {
          header: { key: header, value: input.tenant },
          appendAction: "OVERWRITE_IF_EXISTS_OR_ADD",
        } as const;
        return { ...route, requestHeadersToAdd: [...route.requestHeadersToAdd ?? [], tenant] };
      },
    };
  },
} satisfies Plugin<typeof config, typeof session>;
`;

const TEST = `import assert from "node:assert/strict";
import type { PluginTests } from "signalbox/test";
import plugin from "./plugin.ts";

export default {
  async "the pod is told the tenant"({ testPlugin }) {
    using tested = await testPlugin(plugin, { config: { header: "x-customer" } });
    const { routes } = tested.build({ input: { tenant: "blue" } });
    assert.deepEqual(routes[0]?.requestHeadersToAdd?.[0]?.header, { key: "x-customer", value: "blue" });
  },

  async "a client cannot pass for a tenant"({ testPlugin }) {
    using tested = await testPlugin(plugin);
    assert.deepEqual(tested.build().routes[0]?.requestHeadersToRemove, ["x-tenant"]);
  },

  async "a tenant without a name is refused"({ testPlugin }) {
    using tested = await testPlugin(plugin, { name: "tenant" });
    const [failure] = tested.failures({ input: { tenant: "" } });
    assert.equal(failure?.path, "plugins.tenant.tenant");
  },
} satisfies PluginTests;
`;
