import { type Command, Option } from "commander";
import { DURATION_FORMAT, parseDuration } from "../duration.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { type HostPort, parseHostPort } from "./host_port.ts";
import { optionParser, repeatedOptionParser } from "./option_parser.ts";
import { addServerOptions, connect, type ServerOptions } from "./server_option.ts";
import type { ShownDelivery } from "./tasks_client.ts";

interface WaitOptions extends ServerOptions {
  readonly wait?: string | true;
}

interface AddOptions extends WaitOptions {
  readonly host?: string;
  readonly alias?: readonly string[];
  readonly label?: readonly Label[];
  readonly group?: readonly string[];
  readonly ttl?: string;
  readonly file?: string;
}

type Label = readonly [key: string, value: string];

const DEFAULT_WAIT = "10s";

/** With no duration it comes as `true`. */
const waitFor = (what: string) =>
  [
    "-w, --wait [duration]",
    `until ${what}, for this long at most (default: ${DEFAULT_WAIT})`,
    optionParser(checkDuration),
  ] as const;

/** `sessions`: what a Signalbox that runs has registered, through its tasks API. */
export function addSessionsCommand(parent: Command, io: CommandIo): void {
  const sessions = parent.command("sessions")
    .summary("list, add, remove and get sessions")
    .description("Lists and changes the sessions of a Signalbox that runs.")
    .helpCommand(false)
    .addHelpText("after", "\nExample:\n  signalbox sessions list --label team=blue");

  subcommand(sessions, "list")
    .description("Lists sessions, all or those that have all of the labels given.")
    .option(
      "-l, --label <key=value>",
      "only sessions with this label; may be repeated",
      repeatedOptionParser(parseLabel),
    )
    .addHelpText("after", "\nExample:\n  signalbox sessions list -l team=blue")
    .action((options: AddOptions) => list(options, io));

  subcommand(sessions, "get")
    .description("Prints one session in full.")
    .argument("<id>", "the session")
    .addHelpText("after", "\nExample:\n  signalbox sessions get session-123 --json")
    .action((id: string, options: ServerOptions) => get(id, options, io));

  subcommand(sessions, "add")
    .description("Registers a session, or replaces the whole registration: what is left out goes back to its default.")
    .argument("[id]", "the session: a DNS label")
    .argument("[backends...]", "where it leads, as ADDRESS:PORT", repeatedOptionParser(parseHostPort))
    .option("--host <host>", "its host, where not <id>.<domain>")
    .option("--alias <host>", "one more host; may be repeated", repeatedOptionParser(String))
    .option("-l, --label <key=value>", "a label; may be repeated", repeatedOptionParser(parseLabel))
    .option("--group <name>", "a group of Envoys that gets it; may be repeated", repeatedOptionParser(String))
    .option("--ttl <duration>", "how long it lives, as in 30s or 1h30m", optionParser(checkDuration))
    .addOption(
      new Option("-f, --file <file>", "all of it in JSON, as the tasks API takes it; -: from standard input")
        .conflicts(["host", "alias", "label", "group", "ttl"]),
    )
    .option(...waitFor("every Envoy has it"))
    .addHelpText(
      "after",
      "\nExample:\n  signalbox sessions add session-123 10.0.0.7:50051 --label team=blue --ttl 10m --wait\n" +
        "  signalbox sessions add --file session.json",
    )
    .action(
      async (
        id: string | undefined,
        backends: readonly HostPort[],
        options: AddOptions,
        command: Command,
      ) => await add(await bodyOf({ id, backends }, { options, command, io }), options, io),
    );

  subcommand(sessions, "remove")
    .description("Removes sessions; requests to their hosts are then not found.")
    .argument("<ids...>", "the sessions")
    .option(...waitFor("no Envoy has it any more"))
    .addHelpText("after", "\nExample:\n  signalbox sessions remove session-123 session-124")
    .action((ids: readonly string[], options: WaitOptions) => remove(ids, options, io));

  function subcommand(of: Command, name: string): Command {
    return addServerOptions(of.command(name));
  }
}

async function list(options: AddOptions, io: CommandIo): Promise<void> {
  const labels = (options.label ?? []).map(([key, value]) => `${key}=${value}`);
  const sessions = await (await connect(options, io)).list(labels);
  if (options.json) return io.out(formatJson({ tasks: sessions }));
  const { formatSessionTable } = await import("./session_text.ts");
  // A table of nothing is no answer to a reader, and a pipe gets no line to stumble over.
  if (sessions.length === 0) io.err("no sessions\n");
  else io.out(formatSessionTable(sessions));
}

async function get(id: string, options: ServerOptions, io: CommandIo): Promise<void> {
  const session = await (await connect(options, io)).get(id);
  if (options.json) return io.out(formatJson(session));
  const { formatYaml } = await import("./yaml_text.ts");
  io.out(formatYaml(session));
}

/** What is to be registered: in a file, or in words. */
async function bodyOf(
  { id, backends }: { readonly id: string | undefined; readonly backends: readonly HostPort[] },
  { options, command, io }: { readonly options: AddOptions; readonly command: Command; readonly io: CommandIo },
): Promise<unknown> {
  const { file, host, alias, label, group, ttl } = options;
  if (file !== undefined) {
    if (id !== undefined) command.error("error: arguments cannot be used with option '-f, --file <file>'");
    const { readSessionBody } = await import("./session_body.ts");
    return await readSessionBody(file, io);
  }
  const missing = id === undefined ? "id" : backends.length === 0 ? "backends" : undefined;
  if (missing !== undefined) command.error(`error: missing required argument '${missing}'`);
  return {
    id,
    backends: backends.map(({ host, port }) => ({ address: host, port })),
    ...(host !== undefined && { host }),
    ...(alias && { aliases: alias }),
    ...(label && { labels: Object.fromEntries(label) }),
    ...(group && { groups: group }),
    ...(ttl !== undefined && { ttl }),
  };
}

async function add(body: unknown, options: AddOptions, io: CommandIo): Promise<void> {
  const { created, session, delivery } = await (await connect(options, io)).add(body, waitOf(options));
  const { formatLive, formatRoute } = await import("./session_text.ts");
  if (options.json) io.out(formatJson(session));
  else io.out(`${session.id} ${outcomeOf(created)}: ${formatRoute(session)}\n`);
  if (delivery) report(delivery);

  function report(delivery: ShownDelivery): void {
    if (delivery.state !== "live") throw notLive(`"${session.id}" is registered, but not live`, delivery);
    if (!options.json) io.out(`${formatLive(delivery)}\n`);
  }
}

function outcomeOf(created: boolean | undefined): string {
  if (created === undefined) return "registered";
  return created ? "added" : "was there, and is now";
}

async function remove(ids: readonly string[], options: WaitOptions, io: CommandIo): Promise<void> {
  const client = await connect(options, io);
  for (const id of ids) {
    const removed = await client.remove(id, waitOf(options));
    io.out(options.json ? formatJson(removed) : `${id} removed\n`);
    const { delivery } = removed;
    if (delivery && delivery.state !== "live") throw notLive(`"${id}" is removed, but not gone`, delivery);
  }
}

function waitOf({ wait }: WaitOptions): string | undefined {
  return wait === true ? DEFAULT_WAIT : wait;
}

function notLive(what: string, { envoys }: ShownDelivery): SignalboxError {
  const missing = envoys.filter(({ state }) => state !== "live").map(({ node, state }) => `${node} is ${state}`);
  const state = envoys.length === 0 ? "no Envoy is connected" : missing.join(", ");
  return new SignalboxError("not_live", `Cannot wait any longer: ${what} (${state})`);
}

function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function parseLabel(text: string): Label {
  const at = text.indexOf("=");
  if (at < 1) throw new RangeError(`Cannot parse "${text}": it must be KEY=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The server reads it; here it only fails sooner and clearer. */
function checkDuration(text: string): string {
  if (parseDuration(text) === undefined) throw new RangeError(`It must be ${DURATION_FORMAT}.`);
  return text;
}
