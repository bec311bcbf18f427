// Networks that train together without a trained teacher: the student and its peers, who teaches whom, and what they learn
// from the labels and from each other's answers.
import type { Architecture, MethodSetup, Network, Ops, ParamFault, Player, Scalar, Tensor } from '@stillhouse/engine'
import { Type } from 'typebox'

export interface CoTrained {
  /** `student`, `peer0`, `peer1` …: how losses are logged. */
  readonly label: string
  readonly network: Network
  readonly architecture: Architecture
}

/** The student first, then the peers in the order of the job. */
export function coTrained({ student, studentArchitecture, peers }: MethodSetup): readonly CoTrained[] {
  const beside = peers.map(({ network, architecture }, i) => ({ label: `peer${i}`, network, architecture }))
  return [{ label: 'student', network: student, architecture: studentArchitecture }, ...beside]
}

export const playerOf = ({ network }: CoTrained): Player => ({ role: network.role, variables: network.trainable })

/** A parameter: which of the networks is exported. */
export const deployParameter = Type.Integer({
  minimum: 0,
  maximum: 16,
  default: 0,
  description: 'network that is exported: 0 the student, 1 the first peer, and so on. All are evaluated',
})

/** @param networks student and peers of the job */
export function deployFaults(deploy: number, networks: number): ParamFault[] {
  if (deploy < networks) return []
  const expected = `0 to ${networks - 1}: the student, then the peers`
  return [{ path: '/deploy', message: 'there is no such network', expected, received: String(deploy) }]
}

/** Who teaches network k: all others, or the one before it, the last one teaching the first. */
export function teachersOf(k: number, count: number, order: 'all' | 'ring'): number[] {
  if (order === 'ring') return [(k + count - 1) % count]
  return Array.from({ length: count }, (_, i) => i).filter((i) => i !== k)
}

export interface MutualInput {
  /** [B, K] logits of the network that learns */
  readonly student: Tensor
  /** Per teacher [B, K] logits; get no gradient */
  readonly teachers: readonly Tensor[]
  readonly temperature: number
  /** Over the teachers. */
  readonly normalise: 'mean' | 'sum'
}

/** Σ or mean over the teachers l of KD_T(z_l → z) = T² · mean_B Σ_K p_l^T (log p_l^T − log p^T). */
export function mutualLoss(
  ops: Pick<Ops, 'distillation'>,
  { student, teachers, temperature, normalise }: MutualInput,
): Scalar {
  const sum = teachers
    .map((teacher) => ops.distillation(student, teacher, temperature))
    .reduce((one, other) => one.add(other) as Scalar)
  return normalise === 'sum' || teachers.length === 1 ? sum : sum.div(teachers.length)
}

export interface CoTrainingLoss {
  /** Per network [B, K] */
  readonly logits: readonly Tensor[]
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
  readonly order: 'all' | 'ring'
  readonly temperature: number
  /** Of the mutual part; at 0 it is left out. */
  readonly weight: number
  readonly normalise: 'mean' | 'sum'
}

/** The loss of network k: CE(y, z_k) + weight · mutual loss, as the parts `ce` and `mutual`. */
export function coTrainingLoss(
  ops: Ops,
  k: number,
  { logits, labels, order, weight, ...mutual }: CoTrainingLoss,
): Readonly<Record<string, Scalar>> {
  const student = logits[k] as Tensor
  const ce = ops.crossEntropy(student, labels)
  if (weight === 0) return { ce }
  const teachers = teachersOf(k, logits.length, order).map((i) => logits[i] as Tensor)
  return { ce, mutual: mutualLoss(ops, { student, teachers, ...mutual }).mul(weight) }
}
