// Random numbers of a step. JavaScript's would be frozen into the graph, so they are drawn by TensorFlow's counter-based
// generator from (seed, site, step): the same key gives the same numbers, eager or compiled, before or after a resume.
import { createHash } from 'node:crypto'
import { executeOp } from './execute-op.ts'
import { isNative } from './native-backend.ts'
import type { Scalar, Tensor, Tf } from './tf.ts'

export interface StatelessDraw {
  readonly shape: readonly number[]
  /** The job's seed, an integer. */
  readonly seed: number
  /** Unique name of the place that draws: two draws under one name give the same numbers. */
  readonly site: string
  /** Number of the step, a scalar int32 ≥ 0: an input of the graph. */
  readonly step: Scalar
}

/** The generator's 64 bits of key: 32 from seed and site; and 30 from them, on which the step counts up. */
function key(tf: Tf, { seed, site, step }: StatelessDraw): Tensor {
  const digest = createHash('sha256').update(`${seed}\0${site}`).digest()
  const first = tf.scalar(digest.readInt32LE(0), 'int32')
  const second = tf.add(tf.scalar(digest.readInt32LE(4) & 0x3fffffff, 'int32'), step)
  return tf.stack([first, second])
}

function draw(tf: Tf, op: string, options: StatelessDraw): Tensor {
  return tf.tidy(() => {
    const inputs = [tf.tensor1d([...options.shape], 'int32'), key(tf, options)]
    const attrs = { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const
    return executeOp(tf, { op, attrs, inputs })[0] as Tensor
  })
}

/** A seed for tfjs's own generators, which other backends draw with: as repeatable, but other numbers. */
function plainSeed({ seed, site, step }: StatelessDraw): number {
  return createHash('sha256').update(`${seed}\0${site}\0${step.dataSync()[0]}`).digest().readUInt32LE(0)
}

/** Uniform numbers in [0, 1), float32: on native TensorFlow those of its Philox generator. */
export function statelessUniform(tf: Tf, options: StatelessDraw): Tensor {
  if (isNative(tf)) return draw(tf, 'StatelessRandomUniform', options)
  return tf.randomUniform([...options.shape], 0, 1, 'float32', plainSeed(options))
}

/** Standard normal numbers, keyed like `statelessUniform`. */
export function statelessNormal(tf: Tf, options: StatelessDraw): Tensor {
  if (isNative(tf)) return draw(tf, 'StatelessRandomNormal', options)
  return tf.randomNormal([...options.shape], 0, 1, 'float32', plainSeed(options))
}
