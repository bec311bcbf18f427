// The method's plan for a job, with every network and state it asked for.
import type { Architecture } from '../contracts/architecture.ts'
import type { MethodSetup, Plan, SetupTeacher } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Variable } from '../contracts/tf.ts'
import { tapShape } from '../network/cut-network.ts'
import { createOps } from '../ops/create-ops.ts'
import { stepsPerEpoch } from '../train/steps-per-epoch.ts'
import { composePlan } from './compose-plan.ts'
import { createRegistry, type Registry } from './create-registry.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'

export interface JobPlan {
  readonly plan: Plan
  /** Of every network that was built for it, or cut out of one; grows when a further plan builds more. */
  readonly described: ReadonlyMap<Network, Architecture>
  /** All variables of those networks, and the method's states; grows with them. */
  readonly variables: ReadonlyMap<string, Variable>
  /** The ops that the method has, bound to the step that runs. */
  readonly ops: (step: () => Scalar) => Ops
  dispose(): void
}

export function buildPlan(run: JobRun, teachers: readonly JobTeacher[]): JobPlan {
  const { job } = run
  const registry = createRegistry({ tf: run.request.tf, seed: run.request.spec.train.seed })
  const { ops, bind } = stepOps(run)
  const setup = setupOf(run, { registry, ops, teachers })
  const { method } = job
  const plan = method.kind === 'plan' ? method.entry.plan(setup) : composePlan(setup, method.stages)
  const { described, variables, dispose } = registry
  return { plan, described, variables, ops: bind, dispose }
}

interface SetupParts {
  readonly registry: Registry
  readonly ops: Ops
  readonly teachers: readonly JobTeacher[]
}

function setupOf(run: JobRun, { registry, ops, teachers }: SetupParts): MethodSetup {
  const { job, views, request } = run
  const { tf, spec } = request
  const { build, random, state, cut } = registry
  return {
    tf,
    ops,
    params: job.method.kind === 'plan' ? job.method.params : {},
    signature: job.signature,
    student: build('student', job.student.architecture),
    studentArchitecture: job.student.architecture,
    teachers: teachers.map((teacher, i) => setupTeacher(run, { teacher, i, build })),
    peers: job.peers.map(({ architecture }, i) => ({ network: build(`peers[${i}]`, architecture), architecture })),
    epochs: epochsOf(run),
    schedule: spec.train.schedule,
    batchSize: spec.train.batchSize,
    accumulate: spec.train.accumulate,
    samples: views.train.indices.length,
    sources: Object.fromEntries([...run.sources].map(([name, { signature }]) => [name, signature])),
    build,
    random,
    state,
    cut,
    shapeOf: tapShape,
  }
}

interface SetupOneTeacher {
  readonly teacher: JobTeacher
  readonly i: number
  readonly build: MethodSetup['build']
}

/** A teacher that the method trains is built with the plan: its weights belong to the training. */
function setupTeacher({ job }: JobRun, { teacher, i, build }: SetupOneTeacher): SetupTeacher {
  const { share, snapshots, role, foreign } = teacher
  const described = job.teachers[i]
  const network = teacher.trainable && described ? build(role, described.architecture) : teacher.network
  return {
    network,
    share,
    snapshots,
    shapeOf: (tap) => (network === null ? (foreign?.model.shapeOf(tap) ?? []) : tapShape(network, tap)),
  }
}

/** One set of ops for the whole plan, whose randomness follows the step that runs. */
export function stepOps({ request }: JobRun): { ops: Ops; bind: (step: () => Scalar) => Ops } {
  const { tf, spec } = request
  let current: () => Scalar = () => {
    throw new Error('Random numbers are keyed by the step, so they are only there inside a loss or an update.')
  }
  const ops = createOps({ tf, seed: spec.train.seed, step: () => current() })
  return {
    ops,
    bind: (step) => {
      current = step
      return ops
    },
  }
}

/** Length of the job's training in epochs, whether it is given in epochs or in steps. */
function epochsOf({ job, views }: JobRun): number {
  const { steps, epochs = 0, batchSize } = job.spec.train
  return steps === undefined ? epochs : steps / stepsPerEpoch(views.train, batchSize)
}
