// Tensors of TensorFlow.js as a runner gives them.
import type { Tensor } from '../../contracts/tf.ts'
import type { RunnerOutput } from './foreign-runner.ts'

/** The values of those that are float32, by name. */
export function namedValues(tensors: readonly (readonly [string, Tensor | undefined])[]): Record<string, RunnerOutput> {
  return Object.fromEntries(
    tensors.flatMap(([name, tensor]) =>
      tensor?.dtype === 'float32' ? [[name, { shape: tensor.shape, values: tensor.dataSync() as Float32Array }]] : [],
    ),
  )
}
