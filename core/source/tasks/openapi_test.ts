import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { ERROR_CODES } from "../../signalbox_error.ts";
import { buildOpenApi } from "./openapi.ts";

Deno.test("buildOpenApi() is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(buildOpenApi())));
  assert(valid, JSON.stringify(errors));
  assert.equal(validator.version, "3.1");
});

Deno.test("buildOpenApi() tells of every operation, with a name of its own and what may go wrong", () => {
  const operations = Object.entries(buildOpenApi().paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ at: `${method} ${path}`, operation }))
  );
  assert.deepEqual(operations.map(({ at }) => at), [
    "get /xds/tasks",
    "post /xds/tasks",
    "delete /xds/tasks",
    "get /xds/tasks/{id}",
    "put /xds/tasks/{id}",
    "delete /xds/tasks/{id}",
    "get /xds/tasks/{id}/explain",
    "get /generations/{generation}",
    "post /xds/tasks:batch",
  ]);
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { at, operation } of operations) {
    for (const [status, response] of Object.entries(operation.responses ?? {})) {
      const type = Number(status) < 300 ? "application/json" : "application/problem+json";
      assert.deepEqual(Object.keys(Object(response).content), [type], `${at} ${status}`);
    }
    // Wherever Signalbox is not ready, and for its defects.
    assert(operation.responses?.[503] !== undefined && operation.responses?.[500] !== undefined, at);
  }
});

Deno.test("buildOpenApi() knows every code that a problem can have", () => {
  const schema = Object(buildOpenApi().components?.schemas?.Problem);
  assert.deepEqual(schema.properties.code.enum, Object.keys(ERROR_CODES));
});

Deno.test("buildOpenApi() asks for an address and a port, for backends or a service, of a path's id too", () => {
  const schemas = Object(buildOpenApi().components?.schemas);
  for (const name of ["NewTask", "PutTask"]) {
    assert.deepEqual(schemas[name].oneOf, [
      { required: ["address", "port"] },
      { required: ["backends"] },
      { required: ["service"] },
    ], name);
  }
  assert.deepEqual(schemas.NewTask.required, ["id"]);
  assert.equal(schemas.PutTask.required, undefined);
});
