// Plain supervised training: the control that a distilled student is measured against.
import type { Ops, Scalar, Tensor, TermMethod, Tf } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'

const parameters = Type.Object(
  {
    labelSmoothing: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: 'share of each label that is spread evenly over all classes',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Cross-entropy with the labels, or with (1 − ε) · y + ε / K for K classes (Szegedy et al. 2016, section 7) at a
 * `labelSmoothing` of ε. Teachers of the job are measured beside the student, and not used.
 */
export const none: TermMethod = {
  name: 'none',
  title: 'No distillation',
  summary: 'Cross-entropy with the labels only: the control. Teachers are compared with, never learnt from.',
  paper: null,
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 16 }, labels: true },
  ownLabels: true,
  term: ({ params }) => ({
    loss: ({ tf, ops, batch }, student) => ({
      ce: smoothedCrossEntropy({ tf, ops }, { ...(params as Params), logits: student.logits, labels: batch.labels }),
    }),
  }),
}

export interface SmoothedInput {
  /** [B, K] */
  readonly logits: Tensor
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
  /** ε */
  readonly labelSmoothing: number
}

/** Mean over the batch of −Σ_K q log p, q = (1 − ε) · y + ε / K; at ε = 0 cross-entropy as it is. */
export function smoothedCrossEntropy(
  { tf, ops }: { readonly tf: Tf; readonly ops: Pick<Ops, 'crossEntropy'> },
  { logits, labels, labelSmoothing }: SmoothedInput,
): Scalar {
  const hard = ops.crossEntropy(logits, labels)
  if (!(labelSmoothing > 0)) return hard
  const even = tf.logSoftmax(logits).mean().neg()
  return hard.mul(1 - labelSmoothing).add(even.mul(labelSmoothing)) as Scalar
}
