// Writes 10 MB to standard output and exits at once.
import { processIo } from "../process_io.ts";

processIo.out("x".repeat(10_000_000));
Deno.exit(0);
