// Recording runs the step for real, so it changes weights, slots and statistics. This gives every variable of the step a
// private copy while it is recorded (two variables may share one buffer: the recorder must tell them apart) and puts
// the very same buffers back afterwards.
import { GraphError } from './graph-error.ts'
import type { NativeBackend } from './native-backend.ts'
import type { Tensor, Tf, Variable } from './tf.ts'

export interface VariableGuard {
  /** Native id of the private copy that a variable starts the recording with. */
  readonly startIds: ReadonlyMap<Variable, number>
  /** Puts everything back. Returns the variables that the step made, and those it changed without saying so. */
  restore(): { readonly created: Variable[]; readonly changed: Variable[] }
}

interface Held {
  readonly variable: Variable
  /** Shares the variable's buffer. */
  readonly original: Tensor
  /** Buffer during the recording, unless the step assigns another. */
  readonly start: object
}

/** A tensor on its own native id, on the same values. */
export function privateCopy(backend: NativeBackend, tensor: Tensor): { tensor: Tensor; id: number } {
  const [metadata] = backend.binding.executeOp('Identity', [], backend.getInputTensorIds([tensor]), 1)
  if (metadata === undefined) throw new GraphError(`TensorFlow made no copy of a tensor of shape [${tensor.shape}].`)
  return { tensor: backend.createOutputTensor(metadata), id: metadata.id }
}

export interface GuardOptions {
  readonly tf: Tf
  readonly backend: NativeBackend
  readonly variables: readonly Variable[]
  readonly name: string
}

export function guardVariables({ tf, backend, variables, name }: GuardOptions): VariableGuard {
  const registered = () => Object.values(tf.engine().registeredVariables)
  const before = new Set<Variable>([...variables, ...registered()])
  const gone = variables.find((variable) => variable.isDisposed)
  if (gone) throw new GraphError(`Step '${name}' cannot be traced: its variable '${gone.name}' is disposed.`)
  const listed = new Set(variables)
  const startIds = new Map<Variable, number>()

  function hold(variable: Variable): Held {
    const original = tf.keep(variable.clone())
    if (listed.has(variable)) {
      const copy = privateCopy(backend, variable)
      startIds.set(variable, copy.id)
      variable.assign(copy.tensor)
      copy.tensor.dispose()
    }
    return { variable, original, start: variable.dataId }
  }

  function restore() {
    const created = registered().filter((variable) => !before.has(variable))
    const changed = held.filter(({ variable, start }) => !startIds.has(variable) && variable.dataId !== start)
    for (const { variable, original } of held) {
      if (variable.dataId !== original.dataId) variable.assign(original)
      original.dispose()
    }
    for (const variable of created) variable.dispose()
    return { created, changed: changed.map((entry) => entry.variable) }
  }

  const held = [...before].filter((variable) => !variable.isDisposed).map(hold)
  return { startIds, restore }
}
