// Embeddings of a sample by different branches are views of it: each branch finds the sample again among other classes in
// the memory of another. The mean of all answers teaches the last branch, which is deployed.
import {
  type MethodSetup,
  type Network,
  type Ops,
  type PlanMethod,
  type RandomStream,
  type Scalar,
  type StateUpdate,
  type StepContext,
  type Tensor,
  type Tf,
  TrainingError,
  type Variable,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { adapterBetween } from './shared/adapter.ts'
import { branchesOf, branchFaults } from './shared/branches.ts'
import { l2Normalise } from './shared/l2-normalise.ts'
import type { Maths } from './shared/maths.ts'
import { meanLogits } from './shared/mean-logits.ts'
import { movedBank } from './shared/memory-bank.ts'
import { logNormaliser, noiseContrast } from './shared/noise-contrast.ts'

const parameters = Type.Object(
  {
    alpha: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'weight of the mean of all answers, from which the last branch learns; the labels weigh 1',
    }),
    beta: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 0.025,
      description:
        'weight of the contrastive loss, a sum over n (n − 1) pairs of branches: scale it with them. 0: none',
    }),
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 3,
      description: 'softens the answers that are learnt from',
    }),
    contrastTemperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 0.1,
      description: 'divides the similarities of embeddings',
    }),
    negatives: Type.Integer({
      minimum: 1,
      maximum: 16_384,
      default: 256,
      description:
        'samples of other classes that each sample is told from; their rows are gathered per branch and step',
    }),
    dim: Type.Integer({ minimum: 1, maximum: 2048, default: 128, description: 'length of an embedding' }),
    momentum: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.5,
      description: 'share of what a row of the memory keeps when its sample comes by again',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * L = Σ_a CE(y, z_a) + alpha · KD_T(mean_a z_a → z_n) + beta · Σ_{a ≠ b} L_ab (Yang et al. 2021, eq. 1–8) for the n branches of a
 * student of the family `multi-branch`; L_ab is `viewContrast` of v_b, the normalised embeddings of branch b, and rows of
 * m_a, the memory of branch a. After each step m_a[i] ← normalise(momentum · m_a[i] + (1 − momentum) · v_a(x_i)), with v_a by
 * the weights that the step has just given; the released code takes those before it. Memories begin with uniform numbers,
 * the same in every job, so that scores mean something from the second epoch on. Targets and memories are constants.
 * Embedding layers are `embedding:branch1/…` for groups of the optimiser, and are thrown away; the last branch is deployed.
 */
export const mclOkd: PlanMethod = {
  name: 'mcl-okd',
  title: 'Multi-view contrastive online distillation',
  summary:
    'Branches find a sample again in the memory of each other; the last one also learns the mean of all answers.',
  paper: {
    title: 'Multi-view Contrastive Learning for Online Knowledge Distillation',
    authors: 'Yang, An, Xu',
    venue: 'ICASSP',
    year: 2021,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, labels: true, hardLabels: true },
  check: (_params, { student }) => branchFaults(student),
  plan(setup) {
    const params = setup.params as Params
    const { student } = setup
    const names = branchesOf(setup.studentArchitecture)
    const networks = names.map((name) => setup.cut(student, `${name}.logits`))
    const views = params.beta === 0 ? [] : names.map((name) => viewOf(setup, name))
    const players = [student, ...views.map(({ head }) => head)].map(({ role, trainable }) => ({
      role,
      variables: trainable,
    }))
    return {
      deploy: networks.at(-1) as Network,
      stages: [
        {
          name: 'views',
          share: 1,
          players,
          ...(views.length === 0
            ? {}
            : { batch: { negatives: { count: params.negatives, from: 'otherClasses' } } as const }),
          updates: [
            {
              kind: 'gradient',
              name: 'views',
              trains: players.map(({ role }) => role),
              loss: lossOf(setup, { names, views }),
            },
            ...(views.length === 0 ? [] : [rememberUpdate(views, params.momentum)]),
          ],
          evaluate: networks,
        },
      ],
    }
  },
}

/** What a branch sees of a sample, and remembers. */
interface View {
  readonly head: Network
  /** [N, dim], a row per training sample */
  readonly memory: Variable
  /** [B, dim] of length 1 */
  embed(step: StepContext): Tensor
}

function viewOf({ params, student, samples, tf, build, random, state, shapeOf }: MethodSetup, name: string): View {
  const { dim } = params as Params
  const tap = `${name}.penultimate`
  const found = adapterBetween({ from: shapeOf(student, tap), to: [dim], projection: 'always' })
  if (!found.ok || found.architecture === null)
    throw new TrainingError('spec.rejected', `The tap ${tap} of the student cannot be embedded in ${dim} numbers.`)
  const head = build(`embedding:${name}`, found.architecture)
  return {
    head,
    memory: state(`memory:${name}`, firstMemory(tf, { samples, dim, random: random(`memory:${name}`) })),
    embed: (step) => l2Normalise(step, step.train(head, step.train(student).tap(tap)).logits),
  }
}

interface FirstMemory {
  readonly random: RandomStream
  readonly samples: number
  readonly dim: number
}

/** Uniform in ±√(3 / dim): rows of length 1 on average. */
function firstMemory(tf: Tf, { random, samples, dim }: FirstMemory): Tensor {
  const reach = Math.sqrt(3 / dim)
  const values = Float32Array.from({ length: samples * dim }, () => (2 * random.uniform() - 1) * reach)
  return tf.tensor2d(values, [samples, dim])
}

interface Views {
  readonly names: readonly string[]
  /** None without a contrastive part. */
  readonly views: readonly View[]
}

function lossOf({ params, student, samples }: MethodSetup, { names, views }: Views) {
  const { alpha, beta, temperature, contrastTemperature } = params as Params
  return (step: StepContext): Readonly<Record<string, Scalar>> => {
    const { tf, batch } = step
    const pass = step.train(student)
    const logits = names.map((name) => pass.tap(`${name}.logits`))
    const parts = answerLoss(step, { logits, labels: batch.labels, temperature, alpha })
    if (views.length === 0) return parts
    const embeddings = views.map(({ embed }) => embed(step))
    const places = tf.concat([tf.expandDims(batch.place, 1), batch.negatives], 1)
    const pairs = views.flatMap(({ memory }, a) => {
      const rows = tf.gather(memory, places)
      const others = embeddings.filter((_, b) => b !== a)
      return others.map((anchor) => viewContrast(step, { anchor, rows, samples, contrastTemperature }))
    })
    return { ...parts, contrast: tf.addN(pairs).mul(beta) as Scalar }
  }
}

export interface AnswerLossInput {
  /** z_a of each branch, [B, K] */
  readonly logits: readonly Tensor[]
  /** [B] int32 */
  readonly labels: Tensor
  readonly temperature: number
  readonly alpha: number
}

/** The parts `branch1.ce` … and, unless alpha is 0, `kd`: alpha · KD_T(mean_a z_a → z_n), the mean a constant. */
export function answerLoss(
  { tf, ops }: { readonly tf: Tf; readonly ops: Pick<Ops, 'crossEntropy' | 'distillation'> },
  { logits, labels, temperature, alpha }: AnswerLossInput,
): Readonly<Record<string, Scalar>> {
  const parts = Object.fromEntries(logits.map((z, a) => [`branch${a + 1}.ce`, ops.crossEntropy(z, labels)]))
  if (alpha === 0) return parts
  const kd = ops.distillation(logits.at(-1) as Tensor, meanLogits(tf, logits), temperature)
  return { ...parts, kd: kd.mul(alpha) as Scalar }
}

export interface ViewContrastInput {
  /** v_b [B, dim] of length 1 */
  readonly anchor: Tensor
  /** Rows of m_a [B, 1 + K, dim], that of the sample itself first; get no gradient */
  readonly rows: Tensor
  /** N, rows of the whole memory. */
  readonly samples: number
  /** τ */
  readonly contrastTemperature: number
}

/**
 * L_ab = −mean_B [log(s_0 / (s_0 + K/N)) + Σ_{k=1…K} log((K/N) / (s_k + K/N))], s_k = exp(v_b · m_a[k] / τ) / Z and
 * Z = N · mean_{B, k} exp(v_b · m_a[k] / τ), of every batch anew and a constant.
 */
export function viewContrast(
  { tf, ops }: Maths,
  { anchor, rows, samples, contrastTemperature }: ViewContrastInput,
): Scalar {
  const products = tf.matMul(ops.stopGradient(rows), tf.expandDims(anchor, 2))
  const scores = tf.squeeze(products, [2]).div(contrastTemperature)
  const logZ = logNormaliser(tf, { scores: ops.stopGradient(scores), samples })
  return noiseContrast(tf, { scores, logZ, samples })
}

function rememberUpdate(views: readonly View[], momentum: number): StateUpdate {
  return {
    kind: 'state',
    name: 'remember',
    changes: views.map(({ memory }) => memory),
    run: (step) => {
      const places = step.batch.place
      for (const { memory, embed } of views)
        memory.assign(movedBank(step, { bank: memory, places, rows: embed(step), momentum }))
    },
  }
}
