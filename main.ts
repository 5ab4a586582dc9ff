import { processIo } from "./core/command/process_io.ts";
import { run } from "./core/command/run.ts";

if (import.meta.main) Deno.exit(await run(Deno.args, processIo));
