import { isAbsolute, join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { AccessConfig, Config, KubernetesConfig } from "./config.ts";
import { type Conflict, findConflicts } from "./config_conflicts.ts";
import { formatLocation, lineOf, type Location } from "./config_problem.ts";
import { configSchema } from "./config_schema.ts";

export interface ParseConfigOptions {
  /** The folder that relative paths begin at: that of the config file. */
  readonly baseDir: string;
  /** What problems call the file; `signalbox.yaml` where absent. */
  readonly fileName?: string;
}

interface Problem extends Issue {
  readonly line?: number | undefined;
}

/**
 * The configuration in a YAML text. Throws `invalid_config` that names every problem at once: `issues` has their paths,
 * `message` a line each, as in `signalbox.yaml:12: listeners[0].port: must be 0 to 65535`.
 */
export function parseConfig(text: string, options: ParseConfigOptions): Config {
  const fileName = options.fileName ?? "signalbox.yaml";
  return complete(parseYaml(text, { fileName, schema: configSchema, findConflicts }), options.baseDir);
}

/** A YAML text as its schema has it. Throws `invalid_config` as `parseConfig()` does. */
export function parseYaml<Value>(text: string, options: {
  readonly fileName: string;
  readonly schema: z.ZodType<Value>;
  /** What the schema cannot say. */
  readonly findConflicts: (raw: unknown) => readonly Conflict[];
}): Value {
  const { fileName, schema } = options;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const unreadable = [...document.errors, ...document.warnings];
  if (unreadable.length > 0) {
    throw invalidConfig(
      fileName,
      unreadable.map(({ code, message, pos }) => ({
        path: "",
        message: code === "MULTIPLE_DOCS" ? "must be one YAML document" : message,
        line: lines.linePos(pos[0]).line,
      })),
    );
  }

  const raw: unknown = readValues(document, fileName) ?? {};
  const parsed = schema.safeParse(raw, { error: describe, reportInput: true });
  const found = [...(parsed.error?.issues ?? []).flatMap(toFindings), ...options.findConflicts(raw)];
  if (parsed.success && found.length === 0) return parsed.data;
  const problems = found.map(({ location, message }) => ({
    path: formatLocation(location),
    message,
    line: lineOf(document, lines, location),
  }));
  throw invalidConfig(fileName, problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

function readValues(document: ReturnType<typeof parseDocument>, fileName: string): unknown {
  try {
    return document.toJS();
  } catch (thrown) {
    // Aliases that lead nowhere, or that multiply without bound.
    throw invalidConfig(fileName, [{ path: "", message: thrown instanceof Error ? thrown.message : String(thrown) }]);
  }
}

function invalidConfig(fileName: string, problems: readonly Problem[]): SignalboxError {
  const lines = problems.map(({ line, path, message }) => {
    const place = line === undefined ? fileName : `${fileName}:${line}`;
    return path === "" ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
  });
  const issues = problems.map(({ path, message }) => ({ path, message }));
  return new SignalboxError("invalid_config", lines.join("\n"), { issues });
}

/** An unknown key is reported where it stands, one problem each. */
function toFindings(issue: z.core.$ZodIssue): readonly { readonly location: Location; readonly message: string }[] {
  const location = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code !== "unrecognized_keys") return [{ location, message: issue.message }];
  return issue.keys.map((key) => ({ location: [...location, key], message: "is not a known key" }));
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  object: "a mapping",
  array: "a list",
  boolean: "true or false",
};

/** The messages of what the schema gives no message of its own. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return "is required";
  switch (issue.code) {
    case "invalid_type": {
      const expected = issue.format === "safeint" ? "int" : issue.expected;
      const expectation = `must be ${TYPE_NAMES[expected] ?? expected}`;
      return issue.input === null ? `is empty: it ${expectation}, or leave it out` : expectation;
    }
    case "invalid_value":
      return `must be ${listed(issue.values.map(String))}`;
    case "invalid_union":
      return issue.discriminator === "kind" ? "must be sqlite, memory or kubernetes" : undefined;
    default:
      return undefined;
  }
}

function listed(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/** Every default that depends on other values filled in, every path absolute. */
function complete(config: z.output<typeof configSchema>, baseDir: string): Config {
  const absolute = (path: string) => isAbsolute(path) ? path : join(baseDir, path);
  const { drain, ...delivery } = config.delivery;
  const { maxConnectionAge, ...xds } = config.xds;
  const { longPoll, ...http } = config.http;
  const { kubernetes, ...rest } = config;
  const names = config.listeners.map(({ name }) => name);
  const { folder } = config.sessionSecrets;
  return {
    ...rest,
    ...(kubernetes && { kubernetes: completeKubernetes(kubernetes, absolute) }),
    http: { ...completeAccess(http, absolute), longPollMs: longPoll },
    grpc: completeAccess(config.grpc, absolute),
    xds: { ...completeAccess(xds, absolute), maxConnectionAgeMs: maxConnectionAge },
    delivery: { ...delivery, drainMs: drain },
    groups: config.groups.map((group) => ({ ...group, listeners: group.listeners ?? names })),
    domain: config.domain.toLowerCase(),
    store: config.store.kind === "sqlite" ? { ...config.store, path: absolute(config.store.path) } : config.store,
    listeners: config.listeners.map(({ tls, ...listener }) =>
      tls === undefined ? listener : { ...listener, tls: { cert: absolute(tls.cert), key: absolute(tls.key) } }
    ),
    plugins: config.plugins.map(({ from, ...plugin }) => ({
      ...plugin,
      ...(from === undefined ? {} : { from: absolute(from) }),
      baseDir,
    })),
    sessionSecrets: {
      ...config.sessionSecrets,
      ...(folder === undefined ? {} : { folder: absolute(folder) }),
    },
  };
}

function completeKubernetes(kubernetes: KubernetesConfig, absolute: (path: string) => string): KubernetesConfig {
  const { kubeconfig } = kubernetes;
  return kubeconfig === undefined ? kubernetes : { ...kubernetes, kubeconfig: absolute(kubeconfig) };
}

function completeAccess<Server extends AccessConfig>(server: Server, absolute: (path: string) => string): Server {
  const { tls, tokensFile } = server;
  return {
    ...server,
    ...(tls && {
      tls: {
        ...tls,
        cert: absolute(tls.cert),
        key: absolute(tls.key),
        ...(tls.clientCa !== undefined && { clientCa: absolute(tls.clientCa) }),
      },
    }),
    ...(tokensFile !== undefined && { tokensFile: absolute(tokensFile) }),
  };
}
