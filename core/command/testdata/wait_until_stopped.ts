// Says when it listens for signals and when the first has come, then waits for ever.
import { processIo } from "../process_io.ts";

const stopped = processIo.untilStopped({ hangUp: Deno.args.includes("--hang-up") });
processIo.out("listening\n");
await stopped;
processIo.out("stopping\n");
setInterval(() => {}, 60_000);
