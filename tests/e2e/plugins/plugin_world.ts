import assert from "node:assert/strict";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EchoResult } from "../../../core/dev/echo_client.ts";
import type { SayReply } from "../../../core/dev/echo_service.ts";
import type { ApiAnswer, Registration } from "../api_client.ts";
import { createWorld, type World, type WorldOptions } from "../harness.ts";

export interface PluginWorldOptions extends WorldOptions {
  /** As in the config file. */
  readonly plugins: readonly {
    readonly name: string;
    readonly from?: string;
    readonly onError?: string;
    readonly config?: unknown;
  }[];
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A world with plugins, and a folder of secrets that sessions may refer to. */
export interface PluginWorld extends AsyncDisposable {
  readonly world: World;
  /** Registers a session and waits until Envoy has all of it. */
  live(registration: Registration): Promise<void>;
  /** Registers a session that is refused; the answer's body as text. */
  refused(registration: Registration): Promise<string>;
  /** Writes a file of the folder of secrets, as a whole. */
  writeSecret(file: string, text: string): Promise<void>;
  /** One call on a connection of its own. */
  say(authority: string, headers?: Headers): Promise<EchoResult<SayReply>>;
  /** What the pod got as headers. Throws where the call fails. */
  seenByPod(authority: string, headers?: Headers): Promise<Readonly<Record<string, string>>>;
}

/** A plugin of the tests: see there. */
export const MEDDLER = fileURLToPath(import.meta.resolve("./testdata/meddler.ts"));

export async function createPluginWorld({ plugins, ...options }: PluginWorldOptions): Promise<PluginWorld> {
  const config = { sessionSecrets: { folder: "secrets" }, plugins, ...options.config };
  const world = await createWorld({ store: "memory", ...options, config });
  const secrets = join(world.folder, "secrets");
  await mkdir(secrets);

  const register = ({ backend: { address, port }, ...rest }: Registration): Promise<ApiAnswer> =>
    world.api.request("POST", "/xds/tasks?wait=live&timeout=20s", { ...rest, address, port });

  async function say(authority: string, headers: Headers = {}): Promise<EchoResult<SayReply>> {
    using client = world.client(authority);
    return await client.say({ text: "hello" }, headers);
  }

  return {
    world,
    say,
    async live(registration) {
      const { status, body } = await register(registration);
      assert.ok(status === 200 || status === 201, `${status} ${JSON.stringify(body)}`);
    },
    async refused(registration) {
      const { status, body } = await register(registration);
      assert.equal(status, 422, JSON.stringify(body));
      return JSON.stringify(body);
    },
    async writeSecret(file, text) {
      await writeFile(join(secrets, `.${file}`), text);
      await rename(join(secrets, `.${file}`), join(secrets, file));
    },
    async seenByPod(authority, headers) {
      const result = await say(authority, headers);
      assert.ok(result.ok, `${authority} ${JSON.stringify(headers)}: ${JSON.stringify(result)}`);
      return result.reply.headers;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
