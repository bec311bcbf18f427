// Trains a method's plan on tiny images through the engine's own loop, and keeps what a test wants to look at.
import {
  type Architecture,
  buildNetwork,
  createOps,
  createRegistry,
  cutNetwork,
  type Method,
  type MethodSetup,
  openBatches,
  type Plan,
  planOf,
  type Registry,
  type Tf,
  type TrainRun,
  tapShape,
  train,
  type Variable,
} from '@stillhouse/engine'
import { tinyCnn, tinyImages } from './tiny-networks.ts'

export interface TrainMethod {
  readonly tf: Tf
  readonly method: Method
  /** All that the method's schema asks for. */
  readonly params: Readonly<Record<string, unknown>>
  readonly student?: Architecture
  readonly teachers?: readonly Architecture[]
  /** Copies on the way that each teacher has; default none. */
  readonly snapshots?: number
  readonly peers?: readonly Architecture[]
  readonly spec?: Partial<TrainRun['train']>
  /** Looks at the plan, or puts another in its place. */
  readonly change?: (plan: Plan, setup: MethodSetup) => Plan
}

export interface TrainedMethod {
  readonly plan: Plan
  /** Names of the stages that ran, in order. */
  readonly stages: readonly string[]
  readonly decisions: readonly unknown[]
  /** By the name of the part, a value per step. */
  readonly losses: Readonly<Record<string, readonly number[]>>
  /** Learning rate of the first player, a value per step. */
  readonly rates: readonly number[]
  /** At the start, then at the end of every stage: values of each variable by `role/layer/weight`. */
  readonly values: readonly Readonly<Record<string, string>>[]
  /** The same of the teachers and their copies, at the start and at the end. */
  readonly teacherValues: readonly [string, string]
}

const SEED = 5

export async function trainMethod(options: TrainMethod): Promise<TrainedMethod> {
  const { method } = options
  const made = setupOf(options)
  const first = planOf(method, made.setup)
  const plan = options.change?.(first, made.setup) ?? first
  const teacherBytes = () => bytes(made.teachers.flatMap(({ variables }) => variables))
  const before = teacherBytes()
  const snapshot = () =>
    Object.fromEntries([...made.registry.variables].map(([name, variable]) => [name, bytes([variable])]))
  const values = [snapshot()]
  const stages: string[] = []
  const points: { name: string; value: number }[] = []
  const loop = train(trainRun(options, made, plan))
  let next = await loop.next()
  for (; next.done !== true; next = await loop.next()) {
    const event = next.value
    if (event.type === 'stage') stages.push(event.stage)
    if (event.type === 'metrics') points.push(...event.points)
    // a decision is saved too, before the first step of the stage that follows it
    if (event.type === 'checkpoint' && event.step > 0) values.push(snapshot())
  }
  const teacherValues = [before, teacherBytes()] as const
  made.registry.dispose()
  for (const { model } of made.teachers) model.dispose()
  const named = (name: string) => points.filter((point) => point.name === name).map(({ value }) => value)
  const names = new Set(points.map(({ name }) => name).filter((name) => name.startsWith('loss.')))
  return {
    plan,
    stages,
    decisions: next.value.state.decisions,
    losses: Object.fromEntries([...names].map((name) => [name.slice('loss.'.length), named(name)])),
    rates: named('learningRate'),
    values,
    teacherValues,
  }
}

type Made = ReturnType<typeof setupOf>

function setupOf({
  tf,
  method,
  params,
  student = tinyCnn(),
  teachers = [],
  snapshots = 0,
  peers = [],
  spec,
}: TrainMethod) {
  const registry: Registry = createRegistry({ tf, seed: SEED })
  const { signature, splits } = tinyImages()
  const frozen = (role: string, architecture: Architecture) =>
    buildNetwork({ tf, role, architecture, seed: SEED, frozen: true })
  const { trainableTeachers = false, sources = [] } = method.needs
  const given = teachers.map((architecture, i) => ({
    network: trainableTeachers
      ? registry.build(`teachers[${i}]`, architecture)
      : frozen(`teachers[${i}]`, architecture),
    snapshots: Array.from({ length: snapshots }, (_, k) => frozen(`teachers[${i}]@${k + 1}`, architecture)),
  }))
  const setup: MethodSetup = {
    tf,
    ops: createOps({ tf, seed: SEED, step: () => tf.scalar(0, 'int32') }),
    params,
    signature,
    student: registry.build('student', student),
    studentArchitecture: student,
    teachers: given.map((one) => ({
      ...one,
      share: 1 / teachers.length,
      shapeOf: (tap) => tapShape(one.network, tap),
    })),
    peers: peers.map((architecture, i) => ({ network: registry.build(`peers[${i}]`, architecture), architecture })),
    epochs: (spec?.steps ?? STEPS) / (splits.train.size / BATCH),
    schedule: spec?.schedule ?? { name: 'constant' },
    batchSize: BATCH,
    accumulate: spec?.accumulate ?? 1,
    samples: splits.train.size,
    sources: Object.fromEntries(sources.map((name) => [name, signature])),
    build: registry.build,
    random: registry.random,
    state: registry.state,
    cut: (network, tap) => cutNetwork(tf, network, tap),
    shapeOf: tapShape,
  }
  const all = given.flatMap((one) => [one.network, ...one.snapshots])
  const networks = trainableTeachers ? [] : given.map(({ network }) => network)
  // the registry disposes of what it built
  return { setup, registry, networks, teachers: all.filter(({ frozen: constant }) => constant) }
}

const STEPS = 6
const BATCH = 8

function trainRun({ tf, method, spec }: TrainMethod, { registry, networks }: Made, plan: Plan): TrainRun {
  const { splits, signature } = tinyImages()
  const { train: split } = splits
  const indices = Int32Array.from({ length: split.size }, (_, i) => i)
  const samples: TrainRun['samples'] = {
    view: { split, indices, labels: split.labels, normalise: null },
    signature,
  }
  return {
    tf,
    plan,
    variables: registry.variables,
    teachers: networks,
    train: {
      steps: STEPS,
      batchSize: BATCH,
      optimizer: { name: 'sgd', learningRate: 0.05 },
      schedule: { name: 'constant' },
      seed: SEED,
      checkpointSeconds: 3600,
      compile: false,
      accumulate: 1,
      keep: 'last',
      teacherCache: 'off',
      ...spec,
    },
    samples,
    sources: Object.fromEntries((method.needs.sources ?? []).map((name) => [name, samples])),
    openBatches: (batches) => openBatches(batches, { threads: 0 }),
    evaluateBatchSize: 8,
    evaluation: {
      everyEpochs: 0,
      // biome-ignore lint/correctness/useYield: what is tested here is training
      evaluate: async function* () {
        return {}
      },
    },
    ops: (step) => createOps({ tf, seed: SEED, step }),
    stageName: (name) => name,
    metricSeq: 0,
    resume: null,
    signal: new AbortController().signal,
  }
}

/** Every bit, as text. */
function bytes(variables: readonly Variable[]): string {
  return variables
    .map((variable) => Buffer.from(new Uint8Array(variable.dataSync().slice().buffer)).toString('hex'))
    .join()
}
