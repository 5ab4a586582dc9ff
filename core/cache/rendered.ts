import type { Dialect } from "./dialect.ts";
import type { Fragment } from "./fragment.ts";
import { type Renderer, RENDERERS } from "./render.ts";
import { GRPC_RENDERERS } from "./render_grpc.ts";
import { REST_LISTENERS } from "./render_rest.ts";
import { v2Renderer } from "./render_v2.ts";
import type { Resource } from "./resource.ts";
import { LISTENER, type TypeUrl } from "./resource_type.ts";

const renderers: Readonly<Record<Dialect, (typeUrl: TypeUrl) => Renderer>> = {
  "envoy": (typeUrl) => RENDERERS[typeUrl],
  "envoy-rest": (typeUrl) => typeUrl === LISTENER ? REST_LISTENERS : RENDERERS[typeUrl],
  "envoy-v2": v2Renderer,
  "grpc": (typeUrl) => GRPC_RENDERERS[typeUrl],
};

const rendered = new WeakMap<Renderer, WeakMap<Fragment, readonly Resource[]>>();

/** How a type is made for a dialect. Groups that have the same fragment share what is made of it. */
export function rendererOf(dialect: Dialect, typeUrl: TypeUrl): Renderer {
  const renderer = renderers[dialect](typeUrl);
  return {
    ...renderer,
    render(fragment) {
      const known = rendered.get(renderer) ?? new WeakMap<Fragment, readonly Resource[]>();
      rendered.set(renderer, known);
      const resources = known.get(fragment) ?? renderer.render(fragment);
      known.set(fragment, resources);
      return resources;
    },
  };
}

/** Dialects of which a type is the same share one view of it. */
export function formOf(dialect: Dialect, typeUrl: TypeUrl): Dialect {
  return dialect === "envoy-rest" && typeUrl !== LISTENER ? "envoy" : dialect;
}
