/** Clock ticks a second of `/proc`, which Linux fixes for user space on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** The CPU time that a process has taken so far, all threads, in milliseconds; undefined where there is no `/proc`. */
export async function processCpuMs(pid: number): Promise<number | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(`/proc/${pid}/stat`);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
  // The second field is the program's name in brackets, which may hold anything; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 1000 / TICKS_PER_SECOND;
}

/** The memory that a process has in use, in MiB; undefined where there is no `/proc`. */
export async function processMemoryMiB(pid: number): Promise<number | undefined> {
  try {
    const text = await Deno.readTextFile(`/proc/${pid}/status`);
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}
