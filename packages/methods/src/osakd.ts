// Online self-acquired knowledge distillation: a network takes soft labels for a sample from the labels of its nearest
// neighbours in its own feature space.
import type {
  MethodJob,
  MethodSetup,
  ParamFault,
  Scalar,
  StateUpdate,
  Tensor,
  TermMethod,
  Tf,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import type { Maths } from './shared/maths.ts'
import { type NeighbourPool, neighbourPool } from './shared/neighbour-pool.ts'
import { tapOf } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    tap: Type.String({
      minLength: 1,
      maxLength: 200,
      default: 'logits',
      description: 'tap or layer of the student in whose values neighbours are near; maps are flattened',
    }),
    neighbours: Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: 5,
      description: 'k, neighbours that vote with their labels; at most about samples of a batch / classes is sensible',
    }),
    weight: Type.Number({ minimum: 0, maximum: 1e6, default: 1, description: 'of the soft loss; the labels weigh 1' }),
    loss: Type.Enum(['mse', 'kl'], {
      default: 'mse',
      description: 'between votes and probabilities: mean squared error, or Kullback-Leibler divergence',
    }),
    queue: Type.Integer({
      minimum: 0,
      maximum: 65_536,
      default: 0,
      description: 'samples of earlier batches that are neighbours beside those of the batch, at the cost of a pass',
    }),
    includeSelf: Type.Boolean({
      default: false,
      description: 'whether a sample votes on itself; its own class then has at least 1/k',
    }),
    diagnostic: Type.Boolean({
      default: false,
      description: 'logs the mean entropy of the votes in nats, at the cost of a pass; at 0 nothing is left to learn',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Tzelepi, Tefas 2021. By k-nearest-neighbour density estimation p(z | c) = k_c / (N_c V), p(z) = k / (N V) and
 * P(c) = N_c / N, so Bayes' rule gives q_i[c] = k_c / k, with k_c the neighbours of sample i that are of class c.
 * L = CE(y, z) + weight · S(q, softmax(z)), q constant. That S is a mean square, that neighbours come from the batch without
 * the sample itself, k and the weight are our reading of the paper.
 */
export const osakd: TermMethod = {
  name: 'osakd',
  title: 'Online self-acquired knowledge distillation',
  summary: 'A network makes its own soft labels: the classes of the nearest samples in its feature space.',
  paper: {
    title: 'Efficient Training of Lightweight Neural Networks Using Online Self-Acquired Knowledge Distillation',
    authors: 'Tzelepi, Tefas',
    venue: 'ICME',
    year: 2021,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, labels: true, hardLabels: true, batchSize: 2 },
  ownLabels: false,
  check: (params, job) => [...tapFaults(params as Params, job), ...batchFaults(params as Params, job)],
  term(setup) {
    const params = setup.params as Params
    const pool = neighbourPool(setup, { tap: params.tap, queue: params.queue })
    return {
      loss: (step, student) => {
        const query = step.ops.stopGradient(flat(student.tap(params.tap)))
        const votes = neighbourVotes(step, { query, ...pool.beside(query, step.batch.y), ...voting(setup, params) })
        return { soft: voteLoss(step, { logits: student.logits, votes, loss: params.loss }).mul(params.weight) }
      },
      after: afterStep(setup, params, pool),
    }
  },
}

const flat = (x: Tensor): Tensor => x.reshape([x.shape[0] ?? 0, -1])

const voting = ({ signature }: MethodSetup, { neighbours, includeSelf }: Params) => ({
  neighbours,
  includeSelf,
  classes: signature.classes,
})

function afterStep(setup: MethodSetup, params: Params, pool: NeighbourPool): StateUpdate[] {
  const { tap, queue, diagnostic } = params
  if (queue === 0 && !diagnostic) return []
  const update: StateUpdate = {
    kind: 'state',
    name: 'neighbours',
    changes: pool.variables,
    run: (step) => {
      const { y } = step.batch
      const query = flat(step.infer(setup.student).tap(tap))
      const votes = neighbourVotes(step, { query, ...pool.beside(query, y), ...voting(setup, params) })
      pool.push(query, y)
      return diagnostic ? { voteEntropy: voteEntropy(step.tf, votes) } : {}
    },
  }
  return [update]
}

export interface NeighbourVotes {
  /** [B, D] */
  readonly query: Tensor
  /** [M, D], M ≥ B: the query first, then whatever else may be a neighbour */
  readonly pool: Tensor
  /** [M] int32; −1 where a place of the pool is still empty */
  readonly labels: Tensor
  /** k; no more than there are to choose from */
  readonly neighbours: number
  readonly includeSelf: boolean
  readonly classes: number
}

/** Added to the squared distance of what is no neighbour. */
const FAR = 1e30

/**
 * q [B, K]: the shares of the classes among the k nearest by squared Euclidean distance, a multiple of 1/k each; gives nobody
 * a gradient. A sample that is alone is its own neighbour.
 */
export function neighbourVotes({ tf, ops }: Maths, input: NeighbourVotes): Tensor {
  const [samples = 0] = input.query.shape
  const [places = 0] = input.pool.shape
  const alone = places === 1
  const distances = squaredDistances({ tf, ops }, input.query, input.pool)
  const empty = tf.cast(tf.less(input.labels, 0), 'float32').mul(FAR)
  const self = tf.eye(samples, places).mul(input.includeSelf || alone ? 0 : FAR)
  const k = Math.min(input.neighbours, input.includeSelf || alone ? places : places - 1)
  const { indices } = tf.topk(distances.add(empty).add(self).neg(), k)
  const chosen = tf.gather(input.labels, indices.reshape([-1])) as Tensor
  const classes = tf.oneHot(chosen as never, input.classes).reshape([samples, k, input.classes])
  return tf.cast(classes, 'float32').mean(1)
}

/** [B, M]; taken from the middle of the pool, so that a shift of the space costs no digits. */
function squaredDistances({ tf, ops }: Maths, query: Tensor, pool: Tensor): Tensor {
  const [a, b] = [ops.stopGradient(query), ops.stopGradient(pool)]
  const middle = b.mean(0, true)
  const [p, q] = [a.sub(middle), b.sub(middle)]
  const products = tf.matMul(p as never, q as never, false, true) as Tensor
  return p.square().sum(1, true).add(q.square().sum(1)).sub(products.mul(2))
}

export interface VoteLossInput {
  /** [B, K] */
  readonly logits: Tensor
  /** q [B, K]; gets no gradient */
  readonly votes: Tensor
  readonly loss: 'mse' | 'kl'
}

/** `mse`: the mean of (q − softmax(z))² over all elements; `kl`: mean_B Σ_K q (log q − log softmax(z)). */
export function voteLoss({ tf, ops }: Maths, { logits, votes, loss }: VoteLossInput): Scalar {
  const target = ops.stopGradient(votes)
  if (loss === 'mse') return target.sub(tf.softmax(logits)).square().mean()
  const divergence = logarithm(tf, target).sub(tf.logSoftmax(logits))
  return target.mul(divergence).sum(-1).mean()
}

/** Mean over the batch of −Σ_K q log q, in nats. @param votes [B, K] */
export function voteEntropy(tf: Tf, votes: Tensor): Scalar {
  return votes.mul(logarithm(tf, votes)).sum(-1).mean().neg() as Scalar
}

/** Finite where a class has no vote, which then counts for nothing. */
const logarithm = (tf: Tf, votes: Tensor): Tensor => tf.log(tf.maximum(votes, 1e-12))

function tapFaults({ tap }: Params, { student }: MethodJob): ParamFault[] {
  const found = tapOf(student, { tap, whose: 'the student', path: '/tap' })
  return found.ok ? [] : [found.fault]
}

/** The queue is empty as a training begins, so that the batch must do. */
function batchFaults({ neighbours, includeSelf }: Params, { batchSize }: MethodJob): ParamFault[] {
  const most = includeSelf ? batchSize : batchSize - 1
  if (neighbours <= most) return []
  const message = 'a batch has not that many neighbours for a sample'
  const expected = `at most ${most}, or train.batchSize of at least ${neighbours + batchSize - most}`
  return [{ path: '/neighbours', message, expected, received: String(neighbours) }]
}
