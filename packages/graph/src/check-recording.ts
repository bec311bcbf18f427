// What a recorded run may not do besides what the recorder sees: such a graph would run, and do something else.
import { GraphError } from './graph-error.ts'
import type { Tensor, Variable } from './tf.ts'

/** @throws GraphError unless the step gave named tensors, at once */
export function checkOutputs(name: string, outputs: unknown): asserts outputs is Record<string, Tensor> {
  if (outputs instanceof Promise) {
    outputs.catch(() => {})
    throw new GraphError(
      `Step '${name}' cannot be traced: it is asynchronous. Expected a function that returns tensors.`,
    )
  }
  for (const [key, value] of Object.entries(outputs ?? {})) {
    if (typeof (value as Partial<Tensor> | null)?.dataId === 'object') continue
    throw new GraphError(`Output '${key}' of step '${name}' is not a tensor but ${typeof value}. Return named tensors.`)
  }
}

export interface Remains {
  readonly created: readonly Variable[]
  /** Variables that were changed without being listed. */
  readonly changed: readonly Variable[]
  /** Tensors still alive. */
  readonly kept: number
}

/** What a step leaves outside its variables and outputs would be missing from every later run. */
export function refuseRemains(name: string, { created, changed, kept }: Remains): void {
  const names = (variables: readonly Variable[]) => variables.map((variable) => `'${variable.name}'`).join(', ')
  const refuse = (what: string) => {
    throw new GraphError(`Step '${name}' cannot be traced: ${what}`)
  }
  if (changed.length > 0) refuse(`it changes ${names(changed)}. Add what it changes to \`variables\`.`)
  if (created.length > 0) refuse(`it makes ${names(created)}. Make variables before, and add them to \`variables\`.`)
  if (kept > 0) refuse(`it keeps ${kept} tensors (tf.keep) beyond its end. Keep state in variables.`)
}
