import type { Dialect } from "./dialect.ts";
import type { Fragment } from "./fragment.ts";
import { type Renderer, RENDERERS } from "./render.ts";
import { GRPC_RENDERERS } from "./render_grpc.ts";
import type { Resource } from "./resource.ts";
import type { TypeUrl } from "./resource_type.ts";

const renderers: Readonly<Record<Dialect, Readonly<Record<TypeUrl, Renderer>>>> = {
  envoy: RENDERERS,
  grpc: GRPC_RENDERERS,
};

const rendered = new WeakMap<Renderer, WeakMap<Fragment, readonly Resource[]>>();

/** How a type is made for a dialect. Groups that have the same fragment share what is made of it. */
export function rendererOf(dialect: Dialect, typeUrl: TypeUrl): Renderer {
  const renderer = renderers[dialect][typeUrl];
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
