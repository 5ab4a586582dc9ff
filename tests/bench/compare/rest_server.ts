/**
 * The server that Signalbox stands in for, with today's API: sessions come by HTTP, are kept in memory, and every poll is
 * answered with all there is. `deno run -A rest_server.ts PORT DOMAIN`
 */
import { buildClustersAnswer, buildRoutesAnswer, type Task } from "./discovery_answer.ts";

const [port, domain = ""] = Deno.args;
const tasks = new Map<string, Task>();
let version = 0;

function register(registered: readonly Task[]): Response {
  for (const task of registered) tasks.set(task.id, task);
  version++;
  return Response.json({}, { status: 201 });
}

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, async (request) => {
  switch (new URL(request.url).pathname) {
    case "/readyz":
      return new Response();
    case "/xds/tasks":
      return register([await request.json()]);
    case "/xds/tasks:batch":
      return register((await request.json()).tasks);
    case "/v3/discovery:clusters":
      return Response.json(buildClustersAnswer(tasks.values(), version));
    case "/v3/discovery:routes":
      return Response.json(buildRoutesAnswer(tasks.values(), version, domain));
    default:
      return new Response(null, { status: 404 });
  }
});
