// What a method's losses and updates see of a step. Forward passes are remembered per update only: the weights may have
// changed by the next one.
import type { Batch, StepContext } from '../contracts/method.ts'
import type { Network, Outputs } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Tensor, Tf } from '../contracts/tf.ts'
import { forward, type MovedStatistic } from '../network/forward.ts'

/** One step as all its updates share it. */
export interface StepScope {
  readonly tf: Tf
  readonly ops: Ops
  readonly batch: Batch
  readonly epoch: Scalar
  readonly teachers: readonly Network[]
  /** Logits of teacher `index` on the batch when they were computed before; asking for them marks them as used. */
  cachedLogits(index: number): Tensor | undefined
  /** Training passes so far by network: each draws at its own sites, and only the first moves the statistics. */
  readonly passes: Map<Network, number>
  /** Kept tensors, to be assigned and disposed by whoever ends the update. */
  readonly moved: MovedStatistic[]
}

/** The context of one update. */
export function stepContext(scope: StepScope): StepContext {
  const { tf, ops, batch, epoch } = scope
  const once = rememberPasses()
  const infer = (network: Network, x: Tensor = batch.x) => once(network, x, 'infer', () => forward({ tf, network, x }))
  return {
    tf,
    ops,
    batch,
    epoch,
    infer,
    train: (network, x = batch.x) => once(network, x, 'train', () => trainingPass(scope, network, x)),
    teacher: (index) => teacherOutputs(scope, index, infer),
  }
}

type Mode = 'train' | 'infer'

function rememberPasses() {
  const memory = new Map<Network, Map<Tensor, Partial<Record<Mode, Outputs>>>>()
  return (network: Network, x: Tensor, mode: Mode, run: () => Outputs): Outputs => {
    const byInput = memory.get(network) ?? new Map<Tensor, Partial<Record<Mode, Outputs>>>()
    const byMode = byInput.get(x) ?? {}
    memory.set(network, byInput)
    byInput.set(x, byMode)
    byMode[mode] ??= run()
    return byMode[mode]
  }
}

function trainingPass({ tf, ops, passes, moved }: StepScope, network: Network, x: Tensor): Outputs {
  if (network.frozen) throw new Error(`The network ${network.role} is frozen: use infer() or teacher(), not train().`)
  const pass = passes.get(network) ?? 0
  passes.set(network, pass + 1)
  const keep = ({ variable, value }: MovedStatistic) => moved.push({ variable, value: tf.keep(value) })
  const site = `${network.role}#${pass}`
  return forward({ tf, network, x, training: { ops, site, moved: pass === 0 ? keep : undefined } })
}

function teacherOutputs(scope: StepScope, index: number, infer: (network: Network) => Outputs): Outputs {
  const network = scope.teachers[index]
  if (network === undefined)
    throw new Error(`There is no teacher ${index}. Expected an index below ${scope.teachers.length}.`)
  return {
    get logits() {
      return scope.cachedLogits(index) ?? infer(network).logits
    },
    tap: (name) => infer(network).tap(name),
  }
}
