// What a method's losses and updates see of a step. Forward passes are remembered per update only: the weights may have
// changed by the next one.
import type { Batch } from '../contracts/batch.ts'
import type { StepContext } from '../contracts/method.ts'
import type { Network, Outputs } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Tensor, Tf } from '../contracts/tf.ts'
import { forward, type MovedStatistic } from '../network/forward.ts'
import type { TeacherOutput } from '../teachers/teacher-outputs.ts'

/** One step as all its updates share it. */
export interface StepScope {
  readonly tf: Tf
  readonly ops: Ops
  readonly batch: Batch
  readonly streams: Readonly<Record<string, Batch>>
  readonly epoch: Scalar
  readonly step: Scalar
  /** Null for one that cannot run in a step. */
  readonly teachers: readonly (Network | null)[]
  /** The output where the step is fed it; undefined where the teacher runs in the step. */
  fedOutput(output: TeacherOutput): Tensor | undefined
  /** Training passes so far by network: each draws at its own sites, and only the first moves the statistics. */
  readonly passes: Map<Network, number>
  /** Kept tensors, to be assigned and disposed by whoever ends the update. */
  readonly moved: MovedStatistic[]
}

/** The context of one update. */
export function stepContext(scope: StepScope): StepContext {
  const { tf, ops, batch, epoch, step } = scope
  const once = rememberPasses()
  const run = (pass: Pass) => once(pass, () => outputsOf(scope, pass))
  const infer = (network: Network, x: Tensor = batch.x) => run({ network, x, at: INPUT, mode: 'infer' })
  return {
    tf,
    ops,
    batch,
    stream: (name) => streamOf(scope, name),
    epoch,
    step,
    infer,
    train: (network, x = batch.x) => run({ network, x, at: INPUT, mode: 'train' }),
    resume: (network, { at, x, mode }) => run({ network, x, at, mode }),
    teacher: (index) => teacherOutputs(scope, index, infer),
  }
}

const INPUT = ''

interface Pass {
  readonly network: Network
  readonly x: Tensor
  /** Tap to begin at. */
  readonly at: string
  readonly mode: 'train' | 'infer'
}

function rememberPasses() {
  const memory = new Map<Network, Map<Tensor, Map<string, Outputs>>>()
  return ({ network, x, at, mode }: Pass, run: () => Outputs): Outputs => {
    const byInput = entry(memory, network, () => new Map<Tensor, Map<string, Outputs>>())
    return entry(
      entry(byInput, x, () => new Map<string, Outputs>()),
      `${mode} ${at}`,
      run,
    )
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key) ?? make()
  map.set(key, known)
  return known
}

function outputsOf(scope: StepScope, pass: Pass): Outputs {
  const { network, x, at, mode } = pass
  const start = at === INPUT ? {} : { at }
  if (mode === 'infer') return forward({ tf: scope.tf, network, x, ...start })
  return forward({ tf: scope.tf, network, x, ...start, training: training(scope, network) })
}

function training({ tf, ops, passes, moved }: StepScope, network: Network) {
  if (network.frozen) throw new Error(`The network ${network.role} is frozen: use infer() or teacher(), not train().`)
  const pass = passes.get(network) ?? 0
  passes.set(network, pass + 1)
  const keep = ({ variable, value }: MovedStatistic) => moved.push({ variable, value: tf.keep(value) })
  return { ops, site: `${network.role}#${pass}`, moved: pass === 0 ? keep : undefined }
}

function streamOf({ streams }: StepScope, name: string): Batch {
  const batch = streams[name]
  if (batch !== undefined) return batch
  const names = Object.keys(streams).join(', ')
  throw new Error(`There is no stream "${name}" in this stage. Streams: ${names || 'none'}.`)
}

function teacherOutputs(scope: StepScope, index: number, infer: (network: Network) => Outputs): Outputs {
  const network = scope.teachers[index]
  if (network === undefined)
    throw new Error(`There is no teacher ${index}. Expected an index below ${scope.teachers.length}.`)
  const live = () => {
    if (network !== null) return infer(network)
    throw new Error(`Teacher ${index} cannot run inside a step, and this output of it is not fed.`)
  }
  return {
    get logits() {
      return scope.fedOutput({ teacher: index, tap: 'logits' }) ?? live().logits
    },
    tap: (name) => scope.fedOutput({ teacher: index, tap: name }) ?? live().tap(name),
  }
}
