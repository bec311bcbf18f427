// A variable's value outside TensorFlow, and the way back.

import type { Tf, Variable } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'

export interface SavedTensor {
  readonly dtype: 'float32' | 'int32'
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array
}

/** @throws Error when the variable is of a kind that checkpoints do not hold */
export function saveVariable(name: string, variable: Variable): SavedTensor {
  const { dtype, shape } = variable
  if (dtype !== 'float32' && dtype !== 'int32')
    throw new Error(`The variable ${name} cannot be saved. Expected float32 or int32; received ${dtype}.`)
  return { dtype, shape, values: variable.dataSync() as Float32Array | Int32Array }
}

/** The values of all variables by name. */
export function saveVariables(variables: ReadonlyMap<string, Variable>): Map<string, SavedTensor> {
  return new Map([...variables].map(([name, variable]) => [name, saveVariable(name, variable)]))
}

/**
 * Gives each variable its saved value; all or none.
 * @throws TrainingError `trainer.error` when a value is missing or has another shape: it is of another run
 */
export function restoreVariables(
  tf: Tf,
  variables: ReadonlyMap<string, Variable>,
  saved: ReadonlyMap<string, SavedTensor>,
): void {
  const values = [...variables].map(([name, variable]) => fitting(name, variable, saved.get(name)))
  let i = 0
  for (const variable of variables.values()) {
    const { values: own, shape, dtype } = values[i++] as SavedTensor
    tf.tidy(() => variable.assign(tf.tensor(own.slice(), [...shape], dtype)))
  }
}

function fitting(name: string, { dtype, shape }: Variable, saved: SavedTensor | undefined): SavedTensor {
  if (saved?.dtype === dtype && saved.shape.join() === shape.join()) return saved
  const show = (tensor: { dtype: string; shape: readonly number[] }) => `${tensor.dtype} [${tensor.shape.join(', ')}]`
  throw new TrainingError(
    'trainer.error',
    `The saved weights do not fit the network at ${name}. Expected ${show({ dtype, shape })}; received ${saved === undefined ? 'nothing' : show(saved)}.`,
  )
}
