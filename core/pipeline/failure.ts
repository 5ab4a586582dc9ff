import type { Issue } from "../signalbox_error.ts";

/** Why a session has no fragment: what is wrong and where, and which plugin's hook did it, if one did. */
export interface Failure extends Issue {
  readonly plugin?: string;
  readonly hook?: string;
}

/** Thrown inside the pipeline, and turned into data at its edge. */
export class HookFailure extends Error {
  override readonly name = "HookFailure";
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}
