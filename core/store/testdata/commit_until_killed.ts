// Commits session after session to the store at the path given, and writes each id to stdout once its commit is done.
import { sampleRecord } from "../../../tests/suite/store_suite.ts";
import { openSqliteStore } from "../sqlite_store.ts";

const [path = ""] = Deno.args;
const store = await openSqliteStore(path);
const { generation } = await store.load();
const encoder = new TextEncoder();
for (let next = generation + 1;; next++) {
  await store.commit(next, [
    { kind: "put", record: sampleRecord(`s-${next}`) },
    { kind: "put", record: sampleRecord(`t-${next}`) },
    { kind: "delete", id: `t-${next - 1}` },
  ]);
  Deno.stdout.writeSync(encoder.encode(`${next}\n`));
}
