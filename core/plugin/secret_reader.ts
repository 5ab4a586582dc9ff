import { realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import type { Secret, SecretReference } from "./plugin.ts";
import type { RevealedSecrets } from "./redact.ts";
import type { SecretFiles } from "./secret_files.ts";
import type { KubernetesSecretReference, SecretKeys } from "./secret_objects.ts";
import { SecretText } from "./secret_text.ts";

/** What sessions may refer to. Absent: nothing. Whoever registers a session could read anything else of this machine. */
export interface SessionSecrets {
  /** Files below this folder. */
  readonly folder?: string;
  /** Environment variables whose names begin so. */
  readonly envPrefix?: string;
}

export interface SecretReaderOptions {
  readonly files: SecretFiles;
  readonly revealed: RevealedSecrets;
  readonly sessionSecrets: SessionSecrets;
  /** Those that plugins' configs may refer to; absent: none. */
  readonly pluginKeys?: SecretKeys | undefined;
  /** Those that sessions may refer to, and no others; absent: none. */
  readonly sessionKeys?: SecretKeys | undefined;
}

/** Secrets by reference. Every method throws an `Error` that says why one cannot be had, without a word of it. */
export class SecretReader {
  readonly #options: SecretReaderOptions;

  constructor(options: SecretReaderOptions) {
    this.#options = options;
  }

  /** What a plugin's config refers to; `baseDir` is where relative paths begin. */
  readForPlugin(reference: SecretReference, baseDir: string): Secret {
    if ("env" in reference) return this.#fixed(readEnv(reference.env));
    if ("kubernetesSecret" in reference) {
      const key = this.#keysFor("plugin").openForPlugin(reference);
      return this.#secret(() => key.text());
    }
    const file = this.#options.files.openForPlugin(resolve(baseDir, reference.file));
    return this.#secret(() => file.text());
  }

  /** What the session that is built at the moment refers to. */
  readForSession(reference: SecretReference): Secret {
    const { files, sessionSecrets: { folder, envPrefix } } = this.#options;
    if ("env" in reference) {
      if (envPrefix === undefined) {
        throw new Error("sessions cannot refer to variables: there is no sessionSecrets.envPrefix");
      }
      if (!reference.env.startsWith(envPrefix)) throw new Error(`must be a variable that begins with ${envPrefix}`);
      return this.#fixed(readEnv(reference.env));
    }
    if ("kubernetesSecret" in reference) return this.#fixed(this.#keysFor("session").readForSession(reference));
    if (folder === undefined) throw new Error("sessions cannot refer to files: there is no sessionSecrets.folder");
    return this.#fixed(files.readForSession(pathBelow(folder, reference.file)));
  }

  /** Throws where that is no place that a plugin's config, or a session, may refer to, whatever is there. */
  checkPlace(who: "plugin" | "session", reference: KubernetesSecretReference): void {
    this.#keysFor(who).namespaceOf(reference);
  }

  #keysFor(who: "plugin" | "session"): SecretKeys {
    const { pluginKeys, sessionKeys } = this.#options;
    const keys = who === "plugin" ? pluginKeys : sessionKeys;
    if (keys !== undefined) return keys;
    throw new Error(
      who === "plugin"
        ? "cannot refer to Secrets of a Kubernetes: there is no kubernetes.secrets"
        : "sessions cannot refer to Secrets of a Kubernetes: there is no sessionSecrets.kubernetes",
    );
  }

  #fixed(text: string): Secret {
    return this.#secret(() => text);
  }

  #secret(read: () => string): Secret {
    return new SecretText(() => {
      const text = read();
      this.#options.revealed.note(text);
      return text;
    });
  }
}

function readEnv(name: string): string {
  const text = process.env[name];
  if (text === undefined) throw new Error(`there is no variable "${name}"`);
  return text;
}

function pathBelow(folder: string, file: string): string {
  const path = join(folder, file);
  const outside = new Error("must be a file below the folder of sessions' secrets");
  if (isAbsolute(file) || !isBelow(folder, path)) throw outside;
  // A link may lead anywhere. What is not there is reported when it is read.
  const [realFolder, real] = [realPath(folder), realPath(path)];
  if (realFolder !== undefined && real !== undefined && !isBelow(realFolder, real)) throw outside;
  return path;
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
