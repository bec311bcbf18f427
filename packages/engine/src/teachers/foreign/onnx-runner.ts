// An ONNX file, run by ONNX Runtime. The package is big and only some jobs need it, so it is handed in by whoever has it.
import { join } from 'node:path'
import type { ForeignRunner, RunnerInput, RunnerOutput } from './foreign-runner.ts'
import { teacherUnavailable } from './teacher-unavailable.ts'

export const ONNX_FILE = 'model.onnx'

/** The part of onnxruntime-node (or another build of ONNX Runtime for JavaScript) that is used. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(path: string): Promise<OnnxSession> }
  readonly Tensor: new (type: 'float32', values: Float32Array, dims: readonly number[]) => OnnxTensor
}

export interface OnnxSession {
  readonly outputNames: readonly string[]
  readonly inputMetadata: readonly OnnxValue[]
  run(feeds: Record<string, OnnxTensor>, fetches: readonly string[]): Promise<Readonly<Record<string, OnnxTensor>>>
  release(): Promise<void>
}

interface OnnxTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
}

interface OnnxValue {
  readonly name: string
  readonly type?: string
  /** Names stand for axes of any size. */
  readonly shape?: readonly (number | string)[]
}

/** Brings ONNX Runtime when it is first needed. */
export type LoadOnnx = () => Promise<OnnxRuntime>

export interface OpenOnnx {
  readonly dir: string
  readonly source: string
  /** Null where there is no runtime. */
  readonly loadOnnx: LoadOnnx | null
}

/** @throws TrainingError `teacher.unavailable` when there is no runtime, or it refuses the file */
export async function openOnnx({ dir, source, loadOnnx }: OpenOnnx): Promise<ForeignRunner> {
  const runtime = await loadOnnx?.().catch((cause: unknown) => {
    throw teacherUnavailable(source, 'is an ONNX file, and ONNX Runtime cannot be loaded on this worker', cause)
  })
  if (runtime === undefined)
    throw teacherUnavailable(source, 'is an ONNX file. Expected a worker with onnxruntime-node; this one has none.')
  const session = await runtime.InferenceSession.create(join(dir, ONNX_FILE)).catch((cause: unknown) => {
    throw teacherUnavailable(source, 'is refused by ONNX Runtime', cause)
  })
  const inputs = session.inputMetadata.map(inputOf)
  return {
    inputs,
    outputs: session.outputNames,
    inner: [],
    channels: 'first',
    params: null,
    run: async (x, shape, outputs) => {
      const feeds = { [inputs[0]?.name ?? '']: new runtime.Tensor('float32', x, shape) }
      return floats(await session.run(feeds, outputs))
    },
    dispose: () => session.release(),
  }
}

/** A shape without axes is one that the file does not tell. */
function inputOf({ name, type = 'no tensor', shape = [] }: OnnxValue): RunnerInput {
  const axes = shape.map((axis) => (typeof axis === 'number' && axis > 0 ? axis : null))
  return { name, shape: axes.length === 0 ? null : axes, dtype: type }
}

function floats(found: Readonly<Record<string, OnnxTensor>>): Record<string, RunnerOutput> {
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, { type, dims, data }]) =>
      type === 'float32' ? [[name, { shape: dims, values: data as Float32Array }]] : [],
    ),
  )
}
