// Drives one method through the engine's own loop, as a job would, and keeps what a test wants to look at.
import {
  type Architecture,
  buildNetwork,
  createOps,
  type Dataset,
  type Method,
  type MethodSetup,
  type Network,
  type Plan,
  type TrainEvent,
  type TrainRun,
  train,
  type Variable,
} from '@stillhouse/engine'
import type { OptimizerSpec } from '@stillhouse/spec'
import { defaultParams } from './entry-conformance.ts'
import { tf } from './native-tf.ts'
import { tinyData } from './tiny-data.ts'

export interface MethodCase {
  readonly method: Method
  readonly student: Architecture
  /** One per teacher. */
  readonly teachers: readonly Architecture[]
}

export interface RunOptions {
  readonly steps: number
  readonly compile: boolean
  readonly batchSize?: number
  readonly optimizer?: OptimizerSpec
  readonly resume?: Checkpoint | null
  /** Ends the run, with a checkpoint, after this many batches. */
  readonly stopAfter?: number
  readonly onEvent?: (event: TrainEvent) => void
}

/** State and values of every variable, copied, as another process would read them. */
type Checkpoint = NonNullable<TrainRun['resume']>

export interface MethodRun {
  /** The student and whatever else the method built. */
  readonly networks: readonly Network[]
  readonly plan: Plan
  /** Every variable of the method's networks and states, by name. */
  readonly variables: ReadonlyMap<string, Variable>
  /** Values at the start, then at the end of each stage, by variable. */
  readonly values: readonly ReadonlyMap<string, string>[]
  readonly teacherValues: { readonly before: readonly string[]; readonly after: readonly string[] }
  /** `seq name stage step value` of every metric point. */
  readonly series: readonly string[]
  /** Value of every loss part at every step, by name. */
  readonly losses: ReadonlyMap<string, readonly number[]>
  readonly checkpoint: Checkpoint | null
}

/** One run, from the start or from a checkpoint; every network is disposed of afterwards. */
export async function runMethod(given: MethodCase, options: RunOptions): Promise<MethodRun> {
  const stop = new AbortController()
  let batches = 0
  const data = tinyData(() => {
    batches += 1
    if (batches === options.stopAfter) stop.abort()
  })
  const made = make(given, data)
  const before = made.teachers.map(({ variables }) => bytesOf(variables))
  const values = [valuesOf(made.variables)]
  const points: { seq: number; name: string; stage: string; step: number; value: number }[] = []
  let checkpoint: Checkpoint | null = null
  for await (const event of events(made, { data, options, signal: stop.signal })) {
    options.onEvent?.(event)
    if (event.type === 'metrics') points.push(...event.points)
    if (event.type !== 'checkpoint') continue
    checkpoint = { state: structuredClone(event.state), tensors: saved(event.variables) }
    values.push(valuesOf(made.variables))
  }
  const after = made.teachers.map(({ variables }) => bytesOf(variables))
  dispose(made)
  return {
    ...made,
    values,
    teacherValues: { before, after },
    series: points.map(({ seq, name, stage, step, value }) => `${seq} ${name} ${stage} ${step} ${value}`),
    losses: lossesOf(points),
    checkpoint,
  }
}

interface Made {
  readonly plan: Plan
  readonly networks: readonly Network[]
  readonly teachers: readonly Network[]
  readonly states: readonly Variable[]
  readonly variables: ReadonlyMap<string, Variable>
}

function make({ method, student, teachers }: MethodCase, { signature }: Dataset): Made {
  const build = (role: string, architecture: Architecture, frozen = false) =>
    buildNetwork({ tf, role, architecture, seed: 3, frozen })
  const studentNetwork = build('student', student)
  const teacherNetworks = teachers.map((architecture, i) => build(`teachers[${i}]`, architecture, true))
  const networks = [studentNetwork]
  const states = new Map<string, Variable>()
  const setup: MethodSetup = {
    tf,
    ops: createOps({ tf, seed: 5, step: () => tf.scalar(0, 'int32') }),
    params: defaultParams(method),
    signature,
    student: studentNetwork,
    studentArchitecture: student,
    teachers: teacherNetworks.map((network) => ({ network, share: 1 / teachers.length })),
    epochs: 4,
    build: (role, architecture) => {
      const network = build(role, architecture)
      networks.push(network)
      return network
    },
    state: (name, initial, { trainable = false } = {}) => {
      const variable = tf.variable(initial, trainable)
      if (!(initial instanceof tf.Variable)) initial.dispose()
      states.set(`state/${name}`, variable)
      return variable
    },
  }
  const plan = method.plan(setup)
  const own = networks.flatMap(({ role, variables }) =>
    variables.map((variable, i) => [`${role}/${i}`, variable] as const),
  )
  return {
    plan,
    networks,
    teachers: teacherNetworks,
    states: [...states.values()],
    variables: new Map([...own, ...states]),
  }
}

interface Drive {
  readonly data: Dataset
  readonly options: RunOptions
  readonly signal: AbortSignal
}

function events({ plan, variables, teachers }: Made, { data, options, signal }: Drive): AsyncIterable<TrainEvent> {
  const { train: split } = data.splits
  return train({
    tf,
    plan,
    variables,
    teachers,
    train: {
      steps: options.steps,
      batchSize: options.batchSize ?? 8,
      optimizer: options.optimizer ?? { name: 'adam', learningRate: 0.01 },
      schedule: { name: 'cosine' },
      seed: 5,
      checkpointSeconds: 3600,
      compile: options.compile,
    },
    signature: data.signature,
    view: { split, indices: Int32Array.from({ length: split.size }, (_, i) => i) },
    evaluateBatchSize: 16,
    evaluation: {
      everyEpochs: 0,
      // biome-ignore lint/correctness/useYield: what is tested here is training
      evaluate: async function* () {
        return {}
      },
    },
    ops: (step) => createOps({ tf, seed: 5, step }),
    stageName: (name) => name,
    metricSeq: options.resume?.state.metricSeq ?? 0,
    resume: options.resume ?? null,
    signal,
  })
}

function dispose({ networks, teachers, states }: Made): void {
  for (const { model } of [...networks, ...teachers]) model.dispose()
  tf.dispose([...states])
}

function lossesOf(points: readonly { name: string; value: number }[]): ReadonlyMap<string, readonly number[]> {
  const names = new Set(points.flatMap(({ name }) => (name.startsWith('loss.') ? [name.slice('loss.'.length)] : [])))
  const valuesFor = (part: string) => points.filter(({ name }) => name === `loss.${part}`).map(({ value }) => value)
  return new Map([...names].map((part) => [part, valuesFor(part)]))
}

function valuesOf(variables: ReadonlyMap<string, Variable>): ReadonlyMap<string, string> {
  return new Map([...variables].map(([name, variable]) => [name, bytesOf([variable])]))
}

/** Every bit, as text. */
function bytesOf(variables: readonly Variable[]): string {
  return variables
    .map((variable) => variable.dataSync())
    .map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'))
    .join()
}

function saved(variables: ReadonlyMap<string, Variable>): Checkpoint['tensors'] {
  return new Map(
    [...variables].map(([name, variable]) => {
      const values = variable.dataSync() as Float32Array | Int32Array
      const dtype: 'float32' | 'int32' = variable.dtype === 'int32' ? 'int32' : 'float32'
      return [name, { dtype, shape: variable.shape, values: values.slice() }] as const
    }),
  )
}
