import { X509Certificate } from "node:crypto";
import { join, resolve } from "node:path";
import { formatHostPort } from "../command/host_port.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load_config.ts";
import { parseConfig } from "../config/parse_config.ts";
import { createDevCertificate } from "./certificate.ts";
import { DEV_CONFIG, type MovedPort, movePorts } from "./dev_config.ts";
import { freePort, isPortFree } from "./free_port.ts";

/** Where the laptop's files are. The folder can be deleted at any time that nothing runs. */
export interface DevFolder {
  readonly path: string;
  /** What a person writes. */
  readonly configPath: string;
  /** What runs: the same with ports that were free. Another run finds other ports taken, and makes it anew. */
  readonly runningPath: string;
  /** What a client has to trust. */
  readonly caPath: string;
}

export function devFolder(path: string): DevFolder {
  return {
    path,
    configPath: join(path, "signalbox.yaml"),
    runningPath: join(path, "running.yaml"),
    caPath: join(path, "ca.crt"),
  };
}

/** What runs. */
export interface DevConfig {
  readonly config: Config;
  readonly moved: readonly MovedPort[];
}

/**
 * Writes what is missing, the config and a certificate for its domain, and the config as it is to run. What runs already
 * keeps its ports. Throws `invalid_config`, and changes nothing, where what a person wrote is not acceptable.
 */
export async function prepareDevFolder(folder: DevFolder, now: Date, running?: DevConfig): Promise<DevConfig> {
  await Deno.mkdir(folder.path, { recursive: true });
  const written = await readIfThere(folder.configPath);
  if (written === undefined) await Deno.writeTextFile(folder.configPath, DEV_CONFIG);
  await loadConfig(folder.configPath);
  const own = running && placesOf(running.config);
  const isFree = (address: string, port: number) =>
    own?.has(formatHostPort({ host: address, port })) === true || isPortFree(address, port);
  const { text, moved } = movePorts(written ?? DEV_CONFIG, { isFree, take: freePort }, running?.moved);
  const config = parseConfig(text, { baseDir: resolve(folder.path), fileName: folder.configPath });
  await Deno.writeTextFile(folder.runningPath, text);
  await prepareCertificate(folder, config.domain, now);
  return { config, moved };
}

/** Where all of it listens. */
function placesOf({ http, xds, grpc, listeners }: Config): ReadonlySet<string> {
  const servers = [http, xds, ...grpc ? [grpc] : [], ...listeners];
  return new Set(servers.map(({ address, port }) => formatHostPort({ host: address, port })));
}

/** Makes a certificate for `domain`, unless the one that is there will do for another day. */
async function prepareCertificate(folder: DevFolder, domain: string, now: Date): Promise<void> {
  const files = { cert: join(folder.path, "tls.crt"), key: join(folder.path, "tls.key"), ca: folder.caPath };
  const texts = await Promise.all(Object.values(files).map(readIfThere));
  if (texts.every((text) => text !== undefined) && covers(texts[0] ?? "", domain, now)) return;
  const made = await createDevCertificate(domain, { now });
  await Deno.writeTextFile(files.ca, made.ca);
  await Deno.writeTextFile(files.key, made.key, { mode: 0o600 });
  await Deno.writeTextFile(files.cert, made.cert);
}

function covers(pem: string, domain: string, now: Date): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const names = certificate.subjectAltName?.split(", ") ?? [];
    return names.includes(`DNS:*.${domain}`) && Date.parse(certificate.validTo) > now.getTime() + 24 * 60 * 60 * 1000;
  } catch {
    return false; // No certificate: one is made.
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}
