// How samples become a model's input: as they are, with their channels first, or as another shape of the same values.
import type { ForeignRunner, RunnerInput } from './foreign-runner.ts'
import { teacherUnavailable } from './teacher-unavailable.ts'

export interface InputFit {
  /** Samples that the model takes at a time; null: any number. */
  readonly batch: number | null
  /** Shape of one sample as the model takes it. */
  readonly shape: readonly number[]
  /** Whether [H, W, C] must become [C, H, W]. */
  readonly channelsFirst: boolean
}

/** @throws TrainingError `teacher.unavailable` when the samples of the data do not fit */
export function fitInput(
  source: string,
  { inputs, channels }: Pick<ForeignRunner, 'inputs' | 'channels'>,
  inputShape: readonly number[],
): InputFit {
  const [input] = inputs
  if (input === undefined || inputs.length > 1)
    throw teacherUnavailable(source, `has ${inputs.length} inputs. Expected one; received ${namesOf(inputs)}.`)
  if (input.dtype !== 'float32')
    throw teacherUnavailable(source, `takes ${input.dtype}. Expected an input "${input.name}" of float32.`)
  if (input.shape === null || input.shape.length < 2)
    throw teacherUnavailable(
      source,
      `does not say what it takes. Expected an input "${input.name}" with a fixed number of axes, the batch first; received ${textOf(input.shape)}.`,
    )
  const fit = fitShape(input.shape.slice(1), inputShape, channels)
  if (fit !== null) return { batch: input.shape[0] ?? null, ...fit }
  throw teacherUnavailable(
    source,
    `does not fit the data. Expected an input of [batch, ${inputShape.join(', ')}], channels last or first; received ${textOf(input.shape)}.`,
  )
}

type Axes = readonly (number | null)[]

function fitShape(axes: Axes, sample: readonly number[], channels: 'first' | 'last'): Omit<InputFit, 'batch'> | null {
  const last = matches(axes, sample) ? { shape: sample, channelsFirst: false } : null
  const [height = 0, width = 0, depth = 0] = sample
  const turned = [depth, height, width]
  const first = sample.length === 3 && matches(axes, turned) ? { shape: turned, channelsFirst: depth > 1 } : null
  const fit = channels === 'first' ? (first ?? last) : (last ?? first)
  return fit ?? sameValues(axes, sample)
}

function matches(axes: Axes, shape: readonly number[]): boolean {
  return axes.length === shape.length && axes.every((axis, i) => axis === null || axis === shape[i])
}

/** A row of values, or an image without its only channel: there is but one order that this can mean. */
function sameValues(axes: Axes, sample: readonly number[]): Omit<InputFit, 'batch'> | null {
  const plain = sample.length === 3 && sample[2] === 1 ? sample.slice(0, 2) : sample.length === 1 ? sample : null
  if (plain === null) return null
  const size = plain.reduce((product, axis) => product * axis, 1)
  const shapes = [plain, [size], [...plain, 1], [1, ...plain], [size, 1, 1], [1, 1, size]]
  const shape = shapes.find((candidate) => matches(axes, candidate))
  return shape === undefined ? null : { shape, channelsFirst: false }
}

/** [count, H, W, C] → [count, C, H, W] */
export function channelsFirst(x: Float32Array, count: number, [depth = 1, height = 1, width = 1]: readonly number[]) {
  const out = new Float32Array(x.length)
  const [pixels, size] = [height * width, depth * height * width]
  for (let sample = 0; sample < count; sample++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let channel = 0; channel < depth; channel++)
        out[sample * size + channel * pixels + pixel] = x[sample * size + pixel * depth + channel] as number
  return out
}

function namesOf(inputs: readonly RunnerInput[]): string {
  return inputs.map(({ name }) => name).join(', ') || 'none'
}

function textOf(shape: Axes | null): string {
  return shape === null ? 'an unknown shape' : `[${shape.map((axis) => axis ?? 'any').join(', ')}]`
}
