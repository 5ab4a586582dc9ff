/**
 * Whether bubblewrap can run programs in namespaces of their own. Tests that need it are ignored where it cannot; in CI a
 * missing bubblewrap is a failure, a machine that allows no namespaces is not.
 */
export const hasBubblewrap = await tryBubblewrap();

async function tryBubblewrap(): Promise<boolean> {
  const args = ["--ro-bind", "/", "/", "--unshare-net", "--unshare-ipc", "--unshare-pid", "--proc", "/proc", "true"];
  const command = new Deno.Command("bwrap", { args, stdout: "null", stderr: "piped" });
  const reason = await command.output().then(
    ({ success, stderr }) => success ? undefined : new TextDecoder().decode(stderr).trim(),
    () => {
      if (Deno.env.get("CI")) throw new Error("There is no bwrap (apt-get install bubblewrap).");
      return "there is no bwrap (apt-get install bubblewrap)";
    },
  );
  // deno-lint-ignore no-console
  if (reason !== undefined) console.warn(`Tests in namespaces are ignored: ${reason}`);
  return reason === undefined;
}
