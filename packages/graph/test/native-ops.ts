// Which TensorFlow ops a piece of tfjs code asks for.
import type { Tf } from '../src/tf.ts'

interface Spied {
  binding: { executeOp(op: string, ...rest: unknown[]): unknown }
}

/** Names of the ops run eagerly while `run` runs, in order. */
export function opsOf(tf: Tf, run: () => void): string[] {
  const backend = tf.backend() as unknown as Spied
  const { binding } = backend
  const ops: string[] = []
  const executeOp = (op: string, ...rest: unknown[]) => {
    ops.push(op)
    return binding.executeOp(op, ...rest)
  }
  backend.binding = Object.create(binding, { executeOp: { value: executeOp } })
  try {
    run()
  } finally {
    backend.binding = binding
  }
  return ops
}
