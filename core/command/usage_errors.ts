import type { Command } from "commander";

/** What `program` and all its commands say when they are not understood. To be called when all are added. */
export function explainUsageErrors(program: Command, words: readonly string[] = [program.name()]): void {
  program.showHelpAfterError(`Help: ${words.join(" ")} --help`);
  missRequiredOptionsLast(program);
  for (const command of program.commands) explainUsageErrors(command, [...words, command.name()]);
}

/** An option that is not known is named before one that is missing, which is likely the same one, misspelt. */
function missRequiredOptionsLast(command: Command): void {
  const required = command.options.filter(({ mandatory }) => mandatory);
  if (required.length === 0) return;
  for (const option of required) option.makeOptionMandatory(false);
  command.hook("preAction", () => {
    const missing = required.find((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing) command.error(`error: required option '${missing.flags}' not specified`, { exitCode: 1 });
  });
}
