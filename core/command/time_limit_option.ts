import { Option } from "commander";
import { DURATION_FORMAT, parseDuration } from "../duration.ts";
import { optionParser } from "./option_parser.ts";

/** `--time-limit`, in milliseconds, for what runs plugins in a process of their own. */
export function timeLimitOption(description: string): Option {
  return new Option("--time-limit <duration>", description).argParser(optionParser(parseTimeLimit)).default(
    5_000,
    "5s",
  );
}

function parseTimeLimit(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1) throw new RangeError(`It must be ${DURATION_FORMAT}, above 0.`);
  return ms;
}
