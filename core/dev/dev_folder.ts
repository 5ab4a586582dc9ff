import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load_config.ts";
import { createDevCertificate } from "./certificate.ts";
import { DEV_CONFIG, type MovedPort, movePorts } from "./dev_config.ts";
import { freePort, isPortFree } from "./free_port.ts";

/** Where the laptop's files are. The folder can be deleted at any time that nothing runs. */
export interface DevFolder {
  readonly path: string;
  readonly configPath: string;
  /** What a client has to trust. */
  readonly caPath: string;
}

export function devFolder(path: string): DevFolder {
  return { path, configPath: join(path, "signalbox.yaml"), caPath: join(path, "ca.crt") };
}

/** Writes what is missing: the config, with free ports, and a certificate for its domain. */
export async function prepareDevFolder(
  folder: DevFolder,
  now: Date,
): Promise<{ readonly config: Config; readonly moved: readonly MovedPort[] }> {
  await Deno.mkdir(folder.path, { recursive: true });
  const written = await readIfThere(folder.configPath);
  const { text, moved } = movePorts(written ?? DEV_CONFIG, { isFree: isPortFree, take: freePort });
  if (text !== written) await Deno.writeTextFile(folder.configPath, text);
  const config = await loadConfig(folder.configPath);
  await prepareCertificate(folder, config.domain, now);
  return { config, moved };
}

/** Makes a certificate for `domain`, unless the one that is there will do for another day. */
export async function prepareCertificate(folder: DevFolder, domain: string, now: Date): Promise<void> {
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
