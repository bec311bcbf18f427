// A whole small training for tests, which can be stopped anywhere and taken up again from a copy of its checkpoint, as
// another process would.
import type { TrainSpec } from '@stillhouse/spec'
import { type SavedTensor, saveVariable } from '../checkpoint/saved-tensor.ts'
import type { Dataset } from '../contracts/data-format.ts'
import type { Plan } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Variable } from '../contracts/tf.ts'
import type { HostBatches } from '../data/batch-source.ts'
import { dataViews } from '../data/data-views.ts'
import { openBatches } from '../data/open-batches.ts'
import { evaluateNetwork } from '../evaluate/evaluate-network.ts'
import type { Registry } from '../job/create-registry.ts'
import { variableNames } from '../network/layers-model-network.ts'
import { createOps } from '../ops/create-ops.ts'
import { train } from '../train/train.ts'
import type { TrainEvent, TrainState } from '../train/train-events.ts'
import type { TrainRun } from '../train/train-run.ts'
import { countedBatches } from './counted-batches.ts'
import { tf } from './native-tf.ts'

export const trainSpec = (change: Partial<TrainSpec> = {}): TrainSpec => ({
  epochs: 2,
  batchSize: 16,
  optimizer: { name: 'sgd', learningRate: 0.1 },
  schedule: { name: 'constant' },
  seed: 1,
  checkpointSeconds: 3600,
  compile: true,
  accumulate: 1,
  keep: 'last',
  teacherCache: 'auto',
  ...(change.steps === undefined ? {} : { epochs: undefined as never }),
  ...change,
})

/** What a method's plan would give: with a registry when more is built on the way. */
export interface Fixture {
  readonly plan: Plan
  readonly networks?: readonly Network[]
  readonly registry?: Registry
  readonly states?: ReadonlyMap<string, Variable>
  readonly teachers?: readonly Network[]
}

export interface TrainOnce {
  readonly make: () => Fixture
  readonly data: Dataset
  readonly spec: TrainSpec
  readonly everyEpochs?: number
  readonly logPoints?: number
  readonly resume?: Snapshot | null
  /** Aborts once this says so after an event. */
  readonly stopAfter?: (event: TrainEvent) => boolean
  /** Stops driving the generator, as kill -9 would, once this says so after an event. */
  readonly killAfter?: (event: TrainEvent) => boolean
  readonly signal?: AbortSignal
  /** Called with each batch before it is given out. */
  readonly onBatch?: (batches: HostBatches) => void
  /** In place of a real evaluation. */
  readonly evaluate?: (network: Network) => Record<string, number>
  readonly sources?: TrainRun['sources']
  readonly snapshots?: TrainRun['snapshots']
  readonly now?: () => number
}

/** A checkpoint as another process would read it. */
interface Snapshot {
  readonly state: TrainState
  readonly tensors: ReadonlyMap<string, SavedTensor>
}

export interface Outcome {
  readonly events: TrainEvent[]
  readonly state: TrainState | null
  readonly checkpoints: Snapshot[]
  /** `seq name stage step value` of every metric point. */
  readonly series: string[]
  /** Bytes of every variable of the plan by name. */
  readonly weights: Record<string, string>
}

export async function trainOnce(options: TrainOnce): Promise<Outcome> {
  const fixture = options.make()
  const stop = new AbortController()
  const run = trainRun(options, fixture, options.signal ?? stop.signal)
  const generator = train(run)
  const events: TrainEvent[] = []
  const checkpoints: Snapshot[] = []
  let state: TrainState | null = null
  for (;;) {
    const next = await generator.next()
    if (next.done === true) {
      state = next.value.state
      break
    }
    const event = next.value
    events.push(event)
    if (event.type === 'checkpoint') checkpoints.push(snapshot(event))
    if (options.stopAfter?.(event) === true) stop.abort()
    if (options.killAfter?.(event) === true) {
      await generator.return(undefined as never)
      break
    }
  }
  const series = events.flatMap((event) =>
    event.type === 'metrics' ? event.points.map((p) => `${p.seq} ${p.name} ${p.stage} ${p.step} ${p.value}`) : [],
  )
  const weights = Object.fromEntries([...run.variables].map(([name, variable]) => [name, digits(variable)]))
  fixture.registry?.dispose()
  for (const { model } of new Set([...(fixture.networks ?? []), ...(fixture.teachers ?? [])])) model.dispose()
  return { events, state, checkpoints, series, weights }
}

function trainRun(options: TrainOnce, fixture: Fixture, signal: AbortSignal): TrainRun {
  const { data, spec } = options
  const { signature } = data
  const views = dataViews(data, { name: 'blobs', balanced: true, seed: 0 })
  const request = { tf, view: views.test, signature, batchSize: 25, compile: spec.compile, signal }
  return {
    tf,
    plan: fixture.plan,
    variables: named(fixture),
    teachers: fixture.teachers ?? [],
    train: spec,
    samples: { view: views.train, signature },
    openBatches: (plan) => countedBatches(openBatches(plan, { threads: 0 }), options.onBatch),
    ...(options.sources && { sources: options.sources }),
    ...(options.snapshots && { snapshots: options.snapshots }),
    evaluateBatchSize: 25,
    evaluation: {
      everyEpochs: options.everyEpochs ?? 1,
      evaluate: async function* (network) {
        if (options.evaluate !== undefined) return options.evaluate(network)
        const scores = yield* evaluateNetwork({ ...request, network })
        return scores && { accuracy: scores.accuracy, nll: scores.nll }
      },
    },
    ops: (step) => createOps({ tf, seed: spec.seed, step }),
    stageName: (name) => name,
    metricSeq: options.resume?.state.metricSeq ?? 0,
    resume: options.resume ?? null,
    signal,
    ...(options.now ? { now: options.now } : {}),
    ...(options.logPoints ? { logPoints: options.logPoints } : {}),
  }
}

function named({ networks = [], states, registry }: Fixture): ReadonlyMap<string, Variable> {
  if (registry !== undefined) return registry.variables
  const own = networks.flatMap((network) => {
    const names = variableNames(network)
    return network.variables.map((variable, i) => [`${network.role}/${names[i] ?? ''}`, variable] as const)
  })
  return new Map([...own, ...(states ?? [])])
}

function snapshot(event: Extract<TrainEvent, { type: 'checkpoint' }>): Snapshot {
  const saved = [...event.variables].map(([name, variable]) => {
    const tensor = saveVariable(name, variable)
    return [name, { ...tensor, values: tensor.values.slice() }] as const
  })
  return { state: JSON.parse(JSON.stringify(event.state)) as TrainState, tensors: new Map(saved) }
}

/** Every bit of the values. */
function digits(variable: Variable): string {
  const values = variable.dataSync()
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex')
}
