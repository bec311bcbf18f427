// A teacher's outputs for samples on the host, whether it is a network of ours or a model that runs elsewhere.
import { compileStep, isNative } from '@stillhouse/graph'
import type { Network } from '../contracts/network.ts'
import type { Tensor, Tf } from '../contracts/tf.ts'
import { forward } from '../network/forward.ts'
import type { OpenTeacher } from './open-teacher.ts'

const LOGITS = 'logits'

export interface HostProgram {
  /** @param x [count, …inputShape] @returns each output [count, …shape], in the order of the program's taps */
  run(x: Float32Array, count: number): Promise<readonly Float32Array[]>
  dispose(): void
}

export interface CreateHostProgram {
  readonly tf: Tf
  readonly teacher: OpenTeacher
  readonly taps: readonly string[]
  readonly inputShape: readonly number[]
  /** Samples in a whole batch; smaller ones are run layer by layer. */
  readonly batchSize: number
  /** Whether tracing would pay. */
  readonly compile: boolean
}

export function createHostProgram(options: CreateHostProgram): HostProgram {
  const { foreign, network } = options.teacher
  if (network !== null) return networkProgram(options, network)
  const { taps } = options
  return {
    run: async (x, count) => {
      const outputs = await foreign?.run(x, count, taps)
      return taps.map((tap) => outputs?.[tap] as Float32Array)
    },
    // the model outlives its programs
    dispose: () => undefined,
  }
}

function networkProgram(options: CreateHostProgram, network: Network): HostProgram {
  const { tf, taps, inputShape, batchSize } = options
  const eager = (x: Tensor) => {
    const outputs = forward({ tf, network, x })
    return taps.map((tap) => (tap === LOGITS ? outputs.logits : outputs.tap(tap)))
  }
  const traced = options.compile && isNative(tf) ? trace(options, network, eager) : null
  return {
    run: async (values, count) =>
      tf.tidy(() => {
        const x = tf.tensor(values.subarray(0, count * sizeOf(inputShape)), [count, ...inputShape], 'float32')
        const outputs = traced !== null && count === batchSize ? traced.run(x) : eager(x)
        return outputs.map((output) => output.dataSync() as Float32Array)
      }),
    dispose: () => traced?.dispose(),
  }
}

function trace({ tf, inputShape, batchSize }: CreateHostProgram, network: Network, eager: (x: Tensor) => Tensor[]) {
  const example = tf.zeros([batchSize, ...inputShape])
  try {
    const step = compileStep({
      tf,
      name: `${network.role} (outputs)`,
      inputs: { x: example },
      variables: [],
      step: ({ x }) => Object.fromEntries(eager(x as Tensor).map((output, i) => [`output${i}`, output])),
    })
    const inOrder = (outputs: Record<string, Tensor>) =>
      Object.keys(outputs).map((_, i) => outputs[`output${i}`] as Tensor)
    return { run: (x: Tensor) => inOrder(step.run({ x })), dispose: step.dispose }
  } finally {
    example.dispose()
  }
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1)
}

/** Shapes of outputs without the batch axis, each found by running it once on one sample of zeros. */
export function outputShapes(tf: Tf, inputShape: readonly number[]) {
  const known = new Map<string, readonly number[]>()
  return ({ network, foreign, digest }: OpenTeacher, tap: string): readonly number[] => {
    if (network === null) return foreign?.shapeOf(tap) ?? []
    const key = `${digest} ${tap}`
    const shape = known.get(key) ?? networkShape(tf, network, inputShape, tap)
    known.set(key, shape)
    return shape
  }
}

function networkShape(tf: Tf, network: Network, inputShape: readonly number[], tap: string): readonly number[] {
  return tf.tidy(() => {
    const outputs = forward({ tf, network, x: tf.zeros([1, ...inputShape]) })
    return (tap === LOGITS ? outputs.logits : outputs.tap(tap)).shape.slice(1)
  })
}
