// Contrastive representation distillation: a sample's embedding by the student and its embedding by the teacher come
// together, those of other samples are pushed away. The others come from a memory of all training samples.
import type {
  MethodJob,
  MethodSetup,
  Network,
  ParamFault,
  Scalar,
  StateUpdate,
  StepContext,
  Tensor,
  TermMethod,
  Variable,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type AdaptedPair, adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, adapterBetween, type Shape } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import { l2Normalise } from './shared/l2-normalise.ts'
import { bankScores, movedBank, randomBank } from './shared/memory-bank.ts'
import { logNormaliser, noiseContrast } from './shared/noise-contrast.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

export { logNormaliser as crdLogNormaliser, noiseContrast as crdLoss } from './shared/noise-contrast.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(['penultimate'], 'features that are embedded; maps are averaged over their places first'),
    weight: featureWeight(0.8, 'of the contrast; the labels weigh 1'),
    dim: Type.Integer({ minimum: 1, maximum: 4096, default: 128, description: 'of the embeddings' }),
    negatives: Type.Integer({
      minimum: 1,
      maximum: 65_536,
      default: 16_384,
      description:
        'K, other samples that each sample is told apart from; at most all others of the training set. On small sets 1024 or fewer do',
    }),
    negativesFrom: Type.Enum(['otherClasses', 'others'], {
      default: 'otherClasses',
      description: 'which samples are negatives: those of other classes, or all others, which needs no true labels',
    }),
    temperature: Type.Number({
      minimum: 0.01,
      maximum: 100,
      default: 0.07,
      description: 'the inner products of embeddings are divided by it',
    }),
    momentum: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.5,
      description: "share of a sample's row in the memory that stays when the sample is seen again",
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Tian et al. 2020, eqs. 14 to 19 as in the authors' code. g_s, g_t: a linear layer to `dim` and length 1, for student and
 * teacher, trained beside the student and discarded. Memory rows m_s, m_t [samples, dim] hold past embeddings. With the
 * sample's own row and those of K negatives, P = exp(⟨g, m⟩ / temperature) / Z, P_n = 1 / samples and
 *
 *   L = −mean_B [log P_0 / (P_0 + K P_n) + Σ_k log K P_n / (P_k + K P_n)]
 *
 * once with g_s against m_t and once with g_t against m_s (`crdLoss`); weight · (their sum), summed over pairs. Z is the
 * mean of the unnormalised scores of the first batch times samples, a constant ever after. After each step the batch's
 * rows become momentum · m + (1 − momentum) · g at length 1, g of the weights after the step (the authors': before).
 * The memory begins in random directions of the job's seed. Several teachers: heads and memories of their own, losses
 * averaged by their weights.
 */
export const crd: TermMethod = {
  name: 'crd',
  title: 'Contrastive representation distillation',
  summary:
    "The student's embedding of a sample is brought near the teacher's of the same sample and away from those of thousands of others.",
  paper: {
    title: 'Contrastive Representation Distillation',
    authors: 'Tian, Krishnan, Isola',
    venue: 'ICLR',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  // a mixed sample is nobody's row
  needs: { teachers: { min: 1, max: 16 }, labels: true, hardLabels: true },
  ownLabels: false,
  draws(params) {
    const { negatives: count, negativesFrom: from } = params as Params
    return { negatives: { count, from } }
  },
  check(params, job) {
    const { taps: pairs, dim } = params as Params
    const taps = tapPairFaults({ pairs, job, parameter: 'taps', adapter: embedderTo(dim) })
    return [...taps, ...classFaults(params as Params, job)]
  },
  term(setup) {
    const { taps, weight, dim, negatives, negativesFrom } = setup.params as Params
    const pairs = adaptedPairs(setup, { pairs: taps, adapter: embedderTo(dim) })
    const contrasts = contrastsOf(setup)
    const at = (i: number) => contrasts[i] as Contrast
    return {
      players: [...pairs.players, ...contrasts.map(({ role, head }) => ({ role, variables: head.trainable }))],
      loss: (step, student) => ({
        crd: sumOverPairs(pairs.of(step, student), (pair, i) => pairLoss(step, setup, { ...at(i), pair })).mul(weight),
      }),
      after: [
        {
          kind: 'state',
          name: 'memory',
          changes: contrasts.flatMap(({ memory, logZ, known }) => [memory.student, memory.teacher, logZ, known]),
          run(step) {
            const adapted = pairs.of(step, step.train(setup.student))
            for (const [i, pair] of adapted.entries()) remember(step, setup, { ...at(i), pair })
          },
        } satisfies StateUpdate,
      ],
      batch: { negatives: { count: Math.max(1, Math.min(negatives, setup.samples - 1)), from: negativesFrom } },
    }
  },
}

/** To a vector of `dim`, from a vector or from a map through its mean; the same on both sides. */
function embedderTo(dim: number): (from: Shape, to: Shape) => Adapter {
  const embedder = (from: Shape) => adapterBetween({ from, to: [dim], projection: 'always' })
  return (from, to) => {
    const teacher = embedder(to)
    return teacher.ok ? embedder(from) : teacher
  }
}

function classFaults({ negativesFrom }: Params, { signature }: MethodJob): ParamFault[] {
  if (negativesFrom === 'others' || signature.classes > 1) return []
  const message = 'the data set has one class only, so no sample is of another'
  return [{ path: '/negativesFrom', message, expected: 'others', received: negativesFrom }]
}

/** What one pair of features has beside the student's embedding. */
interface Contrast {
  readonly role: string
  /** g_t before its length is 1. */
  readonly head: Network
  /** Embeddings of all samples by the student and by the teacher, [samples, dim]. */
  readonly memory: { readonly student: Variable; readonly teacher: Variable }
  /** log Z of the student's anchors and of the teacher's, [2]. */
  readonly logZ: Variable
  /** 1 once Z is known, else 0. */
  readonly known: Variable
}

/** In the order of the adapted pairs: pair by pair, teacher by teacher. */
function contrastsOf(setup: MethodSetup): Contrast[] {
  const { taps, dim } = setup.params as Params
  return taps.flatMap((pair, i) =>
    setup.teachers.map((teacher, m) => {
      const which = `${i}${setup.teachers.length > 1 ? `@${m}` : ''}`
      const embedder = adapterBetween({ from: teacher.shapeOf(pair.teacher), to: [dim], projection: 'always' })
      // the student's adapter of this pair was refused where there is none
      if (!embedder.ok || embedder.architecture === null) throw new Error(`Tap ${pair.teacher} cannot be embedded.`)
      const role = `embed:${which}`
      const { tf, samples, state, random } = setup
      const bank = (name: string) => state(name, randomBank(setup, { samples, dim, random: random(name) }))
      return {
        role,
        head: setup.build(role, embedder.architecture),
        memory: { student: bank(`memory:student:${which}`), teacher: bank(`memory:teacher:${which}`) },
        logZ: state(`normaliser:${which}`, tf.zeros([2])),
        known: state(`normalised:${which}`, tf.scalar(0)),
      }
    }),
  )
}

interface Contrasted extends Contrast {
  readonly pair: AdaptedPair
}

/** Both sides of `crd`. */
function pairLoss(step: StepContext, setup: MethodSetup, contrasted: Contrasted): Scalar {
  const { tf, ops } = step
  const { known } = contrasted
  const [kept, keptTeacher] = tf.unstack(contrasted.logZ) as [Tensor, Tensor]
  const scores = scoresOf(step, setup, contrasted)
  const side = (values: Tensor, logZ: Tensor) => {
    const estimate = logNormaliser(tf, { scores: ops.stopGradient(values), samples: setup.samples })
    const chosen = logZ.mul(known).add(estimate.mul(tf.sub(1, known)))
    return noiseContrast(tf, { scores: values, logZ: chosen, samples: setup.samples })
  }
  return side(scores.student, kept).add(side(scores.teacher, keptTeacher))
}

function embeddingsOf(step: StepContext, { pair, head }: Contrasted) {
  return {
    student: l2Normalise(step, pair.student),
    teacher: l2Normalise(step, step.train(head, pair.teacher).logits),
  }
}

/** Scores of both sides, [B, 1 + K] each: an embedding of one network against the other's memory. */
function scoresOf(step: StepContext, { params }: MethodSetup, contrasted: Contrasted) {
  const { temperature } = params as Params
  const { place, negatives } = step.batch
  const places = step.tf.concat([place.expandDims(1), negatives], 1)
  const { student, teacher } = embeddingsOf(step, contrasted)
  const { memory } = contrasted
  return {
    student: bankScores(step, { anchor: student, bank: memory.teacher, places }).div(temperature),
    teacher: bankScores(step, { anchor: teacher, bank: memory.student, places }).div(temperature),
  }
}

/** Z from the first batch, as long as the memory is what it was scored against; then the batch's rows. */
function remember(step: StepContext, setup: MethodSetup, contrasted: Contrasted): void {
  const { tf, batch } = step
  const { momentum } = setup.params as Params
  const { memory, logZ, known } = contrasted
  const scores = scoresOf(step, setup, contrasted)
  const [student, teacher] = [scores.student, scores.teacher].map((one) =>
    logNormaliser(tf, { scores: one, samples: setup.samples }),
  ) as [Tensor, Tensor]
  logZ.assign(logZ.mul(known).add(tf.stack([student, teacher]).mul(tf.sub(1, known))))
  known.assign(tf.onesLike(known))
  const embeddings = embeddingsOf(step, contrasted)
  for (const side of ['student', 'teacher'] as const)
    memory[side].assign(movedBank(step, { bank: memory[side], places: batch.place, rows: embeddings[side], momentum }))
}
