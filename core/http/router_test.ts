import assert from "node:assert/strict";
import { SignalboxError } from "../signalbox_error.ts";
import { type Problem, PROBLEM_MEDIA_TYPE } from "./problem.ts";
import { addPath, createRouter } from "./router.ts";

function sampleRouter() {
  const router = createRouter();
  addPath(router, "/things", {
    GET: () => Response.json({ things: ["é"] }),
    POST: () => Response.json({}, { status: 201 }),
  });
  addPath(router, "/things:all", { POST: () => Response.json({}) });
  addPath(router, "/refuses", {
    GET() {
      throw new SignalboxError("host_taken", "Cannot do it: it is taken", {
        issues: [{ path: "host", message: "no" }],
      });
    },
  });
  addPath(router, "/breaks", { GET: () => Promise.reject(new Error("a secret")) });
  return router;
}

async function problemOf(answer: Response | Promise<Response>): Promise<Problem> {
  const response = await answer;
  assert.equal(response.headers.get("content-type"), PROBLEM_MEDIA_TYPE);
  const problem: Problem = await response.json();
  assert.equal(problem.status, response.status);
  return problem;
}

Deno.test("createRouter() answers what a handler throws as a problem", async () => {
  const problem = await problemOf(sampleRouter().request("/refuses"));
  assert.deepEqual(problem, {
    type: "urn:signalbox:error:host_taken",
    title: "Another session has this host.",
    status: 409,
    detail: "Cannot do it: it is taken",
    code: "host_taken",
    issues: [{ path: "host", message: "no" }],
  });
});

Deno.test("createRouter() closes the connection of a body that does not end", async () => {
  const router = createRouter();
  const body = (code: "request_timeout" | "body_too_large") => ({
    POST() {
      throw new SignalboxError(code, "Cannot read the body");
    },
  });
  addPath(router, "/slow", body("request_timeout"));
  addPath(router, "/large", body("body_too_large"));
  assert.equal((await router.request("/slow", { method: "POST" })).headers.get("connection"), "close");
  assert.equal((await router.request("/large", { method: "POST" })).headers.get("connection"), null);
});

Deno.test("createRouter() keeps to itself what a defect says", async () => {
  const { status, code, detail } = await problemOf(sampleRouter().request("/breaks"));
  assert.deepEqual([status, code, detail], [500, "internal", "Signalbox's log says more."]);
});

Deno.test("createRouter() answers a path that is not there with not_found", async () => {
  for (const path of ["/", "/thing", "/things/", "/things/x", "//things", "/things%3Aall"]) {
    const { code, detail } = await problemOf(sampleRouter().request(path, { method: "POST" }));
    assert.equal(code, "not_found");
    assert.equal(detail, `Cannot find "${path}": no such path`);
  }
});

Deno.test("addPath() answers another method with 405 and those that there are", async () => {
  for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]) {
    const response = await sampleRouter().request("/things", { method });
    assert.equal(response.headers.get("allow"), "GET, HEAD, POST", method);
    assert.equal((await problemOf(response)).code, "method_not_allowed");
  }
  const response = await sampleRouter().request("/things:all");
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "POST");
});

Deno.test("createRouter() answers HEAD as GET, with the length and without the body", async () => {
  for (
    const [path, status] of [["/things", 200], ["/refuses", 409], ["/nowhere", 404], ["/things:all", 405]] as const
  ) {
    const get = await sampleRouter().request(path);
    const head = await sampleRouter().request(path, { method: "HEAD" });
    assert.equal(head.status, status);
    assert.equal(await head.text(), "");
    assert.equal(head.headers.get("content-type"), get.headers.get("content-type"));
    // "HEAD" and "GET" differ by a character in what a 405 says.
    const { byteLength } = await get.arrayBuffer();
    assert.equal(Number(head.headers.get("content-length")), status === 405 ? byteLength + 1 : byteLength, path);
  }
});
