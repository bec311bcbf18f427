// Drives one method through the engine's own loop, as a job would, and keeps what a test wants to look at.
import {
  type Architecture,
  type BatchSource,
  buildNetwork,
  createOps,
  createRegistry,
  type Dataset,
  type Method,
  type MethodSetup,
  type Network,
  openBatches,
  type Plan,
  planOf,
  type Registry,
  type Stage,
  type TrainEvent,
  type TrainRun,
  tapShape,
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
  /** One per peer. */
  readonly peers: readonly Architecture[]
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
  /** The first plan, and those that followed it. */
  readonly plans: readonly Plan[]
  /** Of all plans, in order. */
  readonly stages: readonly Stage[]
  /** Every variable of the method's networks and states, by name. */
  readonly variables: ReadonlyMap<string, Variable>
  /**
   * Values at the start, then at the end of each stage, by variable. What a further plan builds is first seen at the end
   * of the stage before it, as it was built.
   */
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
  const onBatch = () => {
    batches += 1
    if (batches === options.stopAfter) stop.abort()
  }
  const data = tinyData()
  const made = make(given, data)
  const before = made.teachers.map(({ variables }) => bytesOf(variables))
  const values = [valuesOf(made.variables)]
  const points: { seq: number; name: string; stage: string; step: number; value: number }[] = []
  let checkpoint: Checkpoint | null = null
  for await (const event of events(made, { data, options, onBatch, signal: stop.signal })) {
    options.onEvent?.(event)
    if (event.type === 'metrics') points.push(...event.points)
    if (event.type !== 'checkpoint') continue
    checkpoint = { state: structuredClone(event.state), tensors: saved(event.variables) }
    // before the first step of a stage: the plan that was decided on has added its networks
    if (event.step === 0) values.pop()
    values.push(valuesOf(made.variables))
  }
  const after = made.teachers.map(({ variables }) => bytesOf(variables))
  dispose(made)
  return {
    plans: made.plans,
    stages: made.plans.flatMap(({ stages }) => stages),
    networks: [...made.registry.architectures.keys()],
    variables: made.variables,
    values,
    teacherValues: { before, after },
    series: points.map(({ seq, name, stage, step, value }) => `${seq} ${name} ${stage} ${step} ${value}`),
    losses: lossesOf(points),
    checkpoint,
  }
}

interface Made {
  /** Grows when a plan is followed. */
  readonly plans: Plan[]
  /** Frozen ones only: a teacher that the method trains is among the networks. */
  readonly teachers: readonly Network[]
  readonly snapshots: readonly Network[]
  readonly variables: ReadonlyMap<string, Variable>
  readonly registry: Registry
  /** Names of further data sets. */
  readonly sources: readonly string[]
}

const BATCH = 8
/** Copies of a teacher on its way that every method is offered. */
const SNAPSHOTS = 2

function make({ method, student, teachers, peers }: MethodCase, data: Dataset): Made {
  const registry = createRegistry({ tf, seed: 3 })
  const given = teachers.map((architecture, i) => madeTeacher(registry, { method, architecture, i }))
  const sources = method.needs.sources ?? []
  const setup: MethodSetup = {
    tf,
    ops: createOps({ tf, seed: 5, step: () => tf.scalar(0, 'int32') }),
    params: defaultParams(method),
    signature: data.signature,
    student: registry.build('student', student),
    studentArchitecture: student,
    teachers: given.map((one) => ({
      ...one,
      share: 1 / teachers.length,
      shapeOf: (tap) => tapShape(one.network, tap),
    })),
    peers: peers.map((architecture, i) => ({ network: registry.build(`peers[${i}]`, architecture), architecture })),
    epochs: 4,
    schedule: { name: 'constant' },
    batchSize: BATCH,
    accumulate: 1,
    samples: data.splits.train.size,
    sources: Object.fromEntries(sources.map((name) => [name, data.signature])),
    build: registry.build,
    random: registry.random,
    state: registry.state,
    cut: registry.cut,
    shapeOf: tapShape,
  }
  const plans: Plan[] = []
  noted(planOf(method, setup), plans)
  return {
    plans,
    registry,
    sources,
    teachers: method.needs.trainableTeachers === true ? [] : given.map(({ network }) => network),
    snapshots: given.flatMap(({ snapshots }) => snapshots),
    variables: registry.variables,
  }
}

/** The same plan; it and those that follow it are put into `plans` as they are made. */
function noted(plan: Plan, plans: Plan[]): Plan {
  const { next } = plan
  const followed = next && { ...next, plan: (decision: unknown) => noted(next.plan(decision), plans) }
  const same = followed === undefined ? plan : { ...plan, next: followed }
  plans.push(same)
  return same
}

interface MadeTeacher {
  readonly method: Method
  readonly architecture: Architecture
  readonly i: number
}

function madeTeacher(registry: Registry, { method, architecture, i }: MadeTeacher) {
  const role = `teachers[${i}]`
  const frozen = (name: string) => buildNetwork({ tf, role: name, architecture, seed: 3, frozen: true })
  if (method.needs.trainableTeachers === true) return { network: registry.build(role, architecture), snapshots: [] }
  return { network: frozen(role), snapshots: Array.from({ length: SNAPSHOTS }, (_, k) => frozen(`${role}@${k + 1}`)) }
}

interface Drive {
  readonly data: Dataset
  readonly options: RunOptions
  readonly onBatch: () => void
  readonly signal: AbortSignal
}

function events(
  { plans, variables, teachers, sources }: Made,
  { data, options, onBatch, signal }: Drive,
): AsyncIterable<TrainEvent> {
  const { train: split } = data.splits
  const indices = Int32Array.from({ length: split.size }, (_, i) => i)
  const samples = { view: { split, indices, labels: split.labels, normalise: null }, signature: data.signature }
  return train({
    tf,
    plan: plans[0] as Plan,
    variables,
    teachers,
    train: {
      steps: options.steps,
      batchSize: options.batchSize ?? BATCH,
      optimizer: options.optimizer ?? { name: 'adam', learningRate: 0.01 },
      schedule: { name: 'cosine' },
      seed: 5,
      checkpointSeconds: 3600,
      compile: options.compile,
      accumulate: 1,
      keep: 'last',
      teacherCache: 'auto',
    },
    samples,
    sources: Object.fromEntries(sources.map((name) => [name, samples])),
    openBatches: (batches) => counted(openBatches(batches, { threads: 0 }), onBatch),
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

function counted(source: BatchSource, onBatch: () => void): BatchSource {
  return {
    ...source,
    at: async (step) => {
      const batches = await source.at(step)
      onBatch()
      return batches
    },
  }
}

function dispose({ registry, teachers, snapshots }: Made): void {
  registry.dispose()
  for (const { model } of [...teachers, ...snapshots]) model.dispose()
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
