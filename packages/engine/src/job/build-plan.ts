// The method's plan for a job, with every network and state it asked for.
import type { Architecture } from '../contracts/architecture.ts'
import type { Plan } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Tensor, Variable } from '../contracts/tf.ts'
import { createBatches } from '../data/create-batches.ts'
import { buildNetwork } from '../network/build-network.ts'
import { namedVariables } from '../network/named-variables.ts'
import { createOps } from '../ops/create-ops.ts'
import type { JobRun } from './job-run.ts'

export interface JobPlan {
  readonly plan: Plan
  /** Of every network that was built for it. */
  readonly architectures: ReadonlyMap<Network, Architecture>
  /** All variables of those networks, and the method's states. */
  readonly variables: ReadonlyMap<string, Variable>
  /** The ops that the method has, bound to the step that runs. */
  readonly ops: (step: () => Scalar) => Ops
  dispose(): void
}

/** @param teachers frozen, with their shares (sum 1) */
export function buildPlan(run: JobRun, teachers: readonly { network: Network; share: number }[]): JobPlan {
  const { tf, spec } = run.request
  const { job } = run
  const architectures = new Map<Network, Architecture>()
  const states = new Map<string, Variable>()
  const build = (role: string, architecture: Architecture): Network => {
    requireNew(
      'network',
      role,
      [...architectures.keys()].map((network) => network.role),
    )
    const network = buildNetwork({ tf, role, architecture, seed: spec.train.seed })
    architectures.set(network, architecture)
    return network
  }
  const state = (name: string, initial: Tensor, { trainable = false } = {}): Variable => {
    requireNew('state', name, [...states.keys()])
    const variable = tf.variable(initial, trainable)
    if (!(initial instanceof tf.Variable)) initial.dispose()
    states.set(name, variable)
    return variable
  }
  const { ops, bind } = stepOps(run)
  const plan = job.method.entry.plan({
    tf,
    ops,
    params: job.method.params,
    signature: job.signature,
    student: build('student', job.student.architecture),
    studentArchitecture: job.student.architecture,
    teachers,
    epochs: epochsOf(run),
    build,
    state,
  })
  const named = [...states].map(([name, variable]) => [`state/${name}`, variable] as const)
  return {
    plan,
    architectures,
    variables: new Map([...namedVariables(architectures.keys()), ...named]),
    ops: bind,
    dispose: () => {
      for (const { model } of architectures.keys()) model.dispose()
      tf.dispose([...states.values()])
    },
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
  const { train } = job.spec
  if (train.steps === undefined) return train.epochs ?? 0
  const { batchSize, seed } = train
  const batches = createBatches({ view: views.train, signature: job.signature, batchSize, seed, augment: undefined })
  return train.steps / batches.stepsPerEpoch
}

function requireNew(kind: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) return
  throw new Error(`The method asks for two ${kind}s named "${name}". Each needs a name of its own.`)
}
