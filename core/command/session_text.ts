import { formatHostPort } from "./host_port.ts";
import type { ShownDelivery, ShownSession } from "./tasks_client.ts";

const COLUMNS: readonly { readonly title: string; readonly cell: (session: ShownSession) => string }[] = [
  { title: "ID", cell: (session) => session.id },
  { title: "HOST", cell: (session) => session.host },
  { title: "BACKENDS", cell: formatBackends },
  { title: "EXPIRES", cell: (session) => session.expiresAt ?? "-" },
  { title: "LABELS", cell: formatLabels },
];

/** A table with a line a session, its columns apart by two spaces. */
export function formatSessionTable(sessions: readonly ShownSession[]): string {
  const rows = [COLUMNS.map((column) => column.title), ...sessions.map((s) => COLUMNS.map((column) => column.cell(s)))];
  const widths = COLUMNS.map((_, i) => rows.reduce((widest, row) => Math.max(widest, row[i]?.length ?? 0), 0));
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()}\n`).join("");
}

/** A line on where a session leads, as in `a.example.org -> 10.0.0.1:80`. */
export function formatRoute(session: ShownSession): string {
  return `${[session.host, ...session.aliases].join(", ")} -> ${formatBackends(session)}`;
}

/** As in `live on envoy-1 (3.2 ms), envoy-2`. */
export function formatLive({ envoys }: ShownDelivery): string {
  return `live on ${envoys.map(({ node, ms }) => ms === undefined ? node : `${node} (${ms} ms)`).join(", ")}`;
}

function formatBackends({ backends }: ShownSession): string {
  if (backends.length === 0) return "-";
  return backends.map(({ address, port, weight }) => {
    const place = formatHostPort({ host: address, port });
    return weight === 1 ? place : `${place}*${weight}`;
  }).join(",");
}

function formatLabels({ labels }: ShownSession): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(",") || "-";
}
