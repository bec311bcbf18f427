// A model of another runtime as a teacher: samples in the order it wants them, in the batches it takes; its logits and taps
// by the names a method uses. One sample is run when it is opened, so that what is wrong with it shows before training.
import type { Signature } from '../../contracts/shelf.ts'
import type { ForeignModel } from '../foreign-model.ts'
import { sizeOf } from '../host-program.ts'
import { channelsFirst, fitInput, type InputFit } from './fit-input.ts'
import type { ForeignRunner, RunnerOutput } from './foreign-runner.ts'
import { teacherUnavailable } from './teacher-unavailable.ts'

const LOGITS = 'logits'

export interface OpenForeignTeacher {
  readonly runner: ForeignRunner
  /** The data that it must fit. */
  readonly signature: Signature
  /** The model gives class probabilities: its logits are their logarithms. */
  readonly probabilities: boolean
  /** Where it came from, for messages. */
  readonly source: string
}

/**
 * Takes over the runner, also when it fails.
 * @throws TrainingError `teacher.unavailable` when the model does not fit the data or cannot be run
 */
export async function openForeignTeacher(options: OpenForeignTeacher): Promise<ForeignModel> {
  const { runner } = options
  try {
    return await opened(options)
  } catch (error) {
    await runner.dispose()
    throw error
  }
}

async function opened({ runner, signature, probabilities, source }: OpenForeignTeacher): Promise<ForeignModel> {
  const fit = fitInput(source, runner, signature.inputShape)
  const logits = logitsOf(source, runner)
  const { shapes, fetch } = await probe({ runner, fit, logits, source, signature })
  const shapeOf = (tap: string) => {
    const shape = shapes.get(tap)
    if (shape !== undefined) return shape
    throw new Error(`There is no tap "${tap}" in the model of ${source}. Taps: ${[...shapes.keys()].join(', ')}.`)
  }
  return {
    taps: [...shapes.keys()],
    shapeOf,
    run: async (x, count, taps) => {
      const widths = new Map(taps.map((tap) => [tap, sizeOf(shapeOf(tap))]))
      const outputs = await inBatches({ runner, fit, x, count, widths, fetch })
      if (probabilities && outputs[LOGITS] !== undefined) logarithms(outputs[LOGITS])
      return outputs
    },
    params: runner.params,
    dispose: runner.dispose,
  }
}

/** Name of the output that holds the logits. */
function logitsOf(source: string, { outputs }: ForeignRunner): string {
  const [only] = outputs
  if (outputs.includes(LOGITS)) return LOGITS
  if (only !== undefined && outputs.length === 1) return only
  throw teacherUnavailable(
    source,
    `does not say which output is the answer. Expected one output, or one named "logits"; received ${outputs.join(', ') || 'none'}.`,
  )
}

interface Probe extends Omit<OpenForeignTeacher, 'probabilities'> {
  readonly fit: InputFit
  /** Name of the output. */
  readonly logits: string
}

interface Probed {
  /** Without the batch axis, by tap. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** What the runner calls a tap. */
  fetch(tap: string): string
}

async function probe({ runner, fit, logits, source, signature }: Probe): Promise<Probed> {
  const count = fit.batch ?? 2
  const names = [...runner.outputs, ...runner.inner]
  const zeros = new Float32Array(count * sizeOf(fit.shape))
  const found = await runner.run(zeros, [count, ...fit.shape], names).catch((cause: unknown) => {
    throw teacherUnavailable(source, 'cannot be run', cause)
  })
  const shapes = new Map(
    Object.entries(found)
      .filter(([name, { shape }]) => name !== logits && shape.length > 1 && shape[0] === count)
      .map(([name, { shape }]) => [name, shape.slice(1)]),
  )
  requireLogits(source, found[logits], [count, signature.classes])
  return {
    shapes: new Map([[LOGITS, [signature.classes]], ...shapes]),
    fetch: (tap) => (tap === LOGITS ? logits : tap),
  }
}

function requireLogits(source: string, output: RunnerOutput | undefined, expected: readonly number[]): void {
  const received = output === undefined ? 'no float32 output' : `[${output.shape.join(', ')}]`
  if (received === `[${expected.join(', ')}]`) return
  throw teacherUnavailable(
    source,
    `does not fit the data. Expected logits of [${expected.join(', ')}] for ${expected[0]} samples; received ${received}.`,
  )
}

interface InBatches {
  readonly runner: ForeignRunner
  readonly fit: InputFit
  readonly x: Float32Array
  readonly count: number
  /** Values of a sample by tap. */
  readonly widths: ReadonlyMap<string, number>
  fetch(tap: string): string
}

/** In the batches that the model takes; the last one is filled up with zeros where it takes no smaller one. */
async function inBatches({ runner, fit, x, count, widths, fetch }: InBatches): Promise<Record<string, Float32Array>> {
  const size = sizeOf(fit.shape)
  const batch = fit.batch ?? count
  const taps = [...widths.keys()]
  const outputs = Object.fromEntries([...widths].map(([tap, width]) => [tap, new Float32Array(count * width)]))
  for (let start = 0; start < count; start += batch) {
    const input = new Float32Array(batch * size)
    input.set(x.subarray(start * size, Math.min(start + batch, count) * size))
    const ordered = fit.channelsFirst ? channelsFirst(input, batch, fit.shape) : input
    const found = await runner.run(ordered, [batch, ...fit.shape], taps.map(fetch))
    for (const [tap, width] of widths) {
      const values = found[fetch(tap)]?.values as Float32Array
      outputs[tap]?.set(values.subarray(0, (Math.min(start + batch, count) - start) * width), start * width)
    }
  }
  return outputs
}

/** As for networks that end in a softmax: softmax(log p / T) is what softmax(z / T) was, for every T. */
function logarithms(values: Float32Array): void {
  values.forEach((value, i) => {
    values[i] = Math.log(Math.min(1, Math.max(1e-37, value)))
  })
}
