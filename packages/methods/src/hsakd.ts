// Hierarchical self-supervised distillation: auxiliary heads on the stages of a network tell the class and the rotation of a
// sample at once, and a student matches those joint answers stage by stage.
import {
  type Architecture,
  type GradientUpdate,
  type MethodJob,
  type MethodSetup,
  type Network,
  type Outputs,
  type ParamFault,
  type PlanMethod,
  type Player,
  type Scalar,
  type Stage,
  type StepContext,
  type Tensor,
  TrainingError,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { showShape } from './shared/adapter.ts'
import { coTrained, playerOf, teachersOf } from './shared/co-training.ts'
import { jointHead } from './shared/joint-head.ts'
import { quarterTurns } from './shared/quarter-turns.ts'
import { stageTaps } from './shared/stage-taps.ts'
import { tapOf } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      uniqueItems: true,
      maxItems: 8,
      default: [],
      description: 'features that get a head, from shallow to deep, of every network; none means stage1, stage2 and on',
    }),
    rotations: Type.Integer({
      minimum: 1,
      maximum: 4,
      default: 4,
      description: 'copies of each sample: as it is, and turned by 90, 180 and 270 degrees',
    }),
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 3,
      description: 'of all answers that are compared; labels are learnt at 1',
    }),
    jointWeight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'weight of the joint answers of the heads, against the labels and between networks',
    }),
    weight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'weight of the class probabilities of the other network; the labels weigh 1',
    }),
    headShare: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.3,
      description: 'share of the training in which the heads of a teacher learn, before the student does',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Yang et al. 2021. Every sample becomes `rotations` rows, x_0r_0, x_0r_1, …; head l on stage l gives logits q^l over
 * N · rotations joint classes, joint label rotations · y + r. Class cross-entropy is on the unturned rows only.
 * With a teacher (offline, its backbone frozen: mode A): stage `teacher-heads` Σ_l CE(joint, q_T^l), then the student
 * CE(y, z_S) + jointWeight · Σ_l KD_T(q_T^l → q_S^l) + weight · KD_T(z_T → z_S), KD over all turned rows.
 * With a peer (online): each of the two CE(y, z) + jointWeight · Σ_l CE(joint, q^l) and both KD terms from the other one, whose
 * answers are constants. Without either the same without KD, which is how the paper trains a teacher of its own; with both,
 * the sum. T = 3 and weights of 1 are the authors'; the head (3×3 convolutions to the width and size of the last stage, batch
 * norm, ReLU, pooling) and the length of the first stage are our reading of the paper. Heads are not exported.
 */
export const hsakd: PlanMethod = {
  name: 'hsakd',
  title: 'Hierarchical self-supervised augmented distillation',
  summary: 'Heads on every stage learn class and rotation at once; a student matches those of a teacher or a peer.',
  paper: {
    title: 'Hierarchical Self-supervised Augmented Knowledge Distillation',
    authors: 'Yang, An, Cai, Xu',
    venue: 'IJCAI',
    year: 2021,
  },
  tasks: ['classification'],
  parameters,
  needs: {
    teachers: { min: 0, max: 1 },
    teacherNetworks: true,
    peers: { min: 0, max: 1 },
    labels: true,
    hardLabels: true,
  },
  check: (params, job) => [...imageFaults(params as Params, job), ...tapFaults(params as Params, job)],
  plan(setup) {
    const { headShare, jointWeight } = setup.params as Params
    const learners = learnersOf(setup)
    const teacher = teacherOf(setup)
    if (teacher === null || jointWeight === 0 || teacher.heads.length === 0)
      return { deploy: setup.student, stages: [studentStage({ setup, learners, teacher }, 1)] }
    return {
      deploy: setup.student,
      stages: [teacherStage(setup, teacher, headShare), studentStage({ setup, learners, teacher }, 1 - headShare)],
    }
  },
}

interface Head {
  readonly tap: string
  readonly network: Network
}

/** A network with its heads, from shallow to deep. */
interface Headed {
  /** `student` or `peer0`: how losses are logged. */
  readonly label: string
  readonly network: Network
  readonly heads: readonly Head[]
}

interface Learner extends Headed {
  readonly players: readonly Player[]
}

function learnersOf(setup: MethodSetup): Learner[] {
  const params = setup.params as Params
  return coTrained(setup).map((one) => {
    const heads = headsOf(setup, { network: one.network, taps: tapsOf(params, one.architecture.taps) })
    const player = playerOfHeads(one.network, heads)
    return { ...one, heads, players: [playerOf(one), ...player] }
  })
}

function teacherOf(setup: MethodSetup): Headed | null {
  const [teacher] = setup.teachers
  if (teacher === undefined) return null
  const { network } = teacher
  if (network === null)
    throw new TrainingError(
      'spec.rejected',
      'The method hsakd turns the samples that its teacher sees. Expected a teacher in the format tfjs-layers; received one in another.',
    )
  const taps = tapsOf(setup.params as Params, network.taps)
  const heads = headsOf(setup, { network, taps })
  const own = tapsOf(setup.params as Params, setup.studentArchitecture.taps)
  if (own.length !== taps.length)
    throw new TrainingError(
      'spec.rejected',
      `/method/params/taps: student and teacher need as many stages. Expected ${own.join(', ')}; received ${taps.join(', ')}.`,
    )
  return { label: 'teacher', network, heads }
}

const tapsOf = ({ taps }: Params, named: Architecture['taps']) => (taps.length > 0 ? taps : stageTaps(named))

function headsOf(
  { build, shapeOf, signature, params }: MethodSetup,
  { network, taps }: { readonly network: Network; readonly taps: readonly string[] },
): Head[] {
  const { rotations, jointWeight } = params as Params
  if (jointWeight === 0) return []
  const last = shapeOf(network, taps.at(-1) ?? 'penultimate')
  return taps.map((tap) => {
    const from = shapeOf(network, tap)
    const architecture = jointHead({ from, to: last, classes: rotations * signature.classes })
    return { tap, network: build(`head:${network.role}:${tap}`, architecture) }
  })
}

function playerOfHeads({ role }: Network, heads: readonly Head[]): Player[] {
  const variables = heads.flatMap(({ network }) => network.trainable)
  return variables.length === 0 ? [] : [{ role: `heads:${role}`, variables }]
}

function teacherStage({ schedule, params }: MethodSetup, teacher: Headed, share: number): Stage {
  const players = playerOfHeads(teacher.network, teacher.heads)
  const { rotations } = params as Params
  return {
    name: 'teacher-heads',
    share,
    schedule,
    players,
    updates: [
      {
        kind: 'gradient',
        name: 'heads',
        trains: players.map(({ role }) => role),
        loss: (step) => {
          const turned = quarterTurns(step.tf, step.batch.x, rotations)
          const body = step.infer(teacher.network, turned)
          const logits = teacher.heads.map(({ tap, network }) => step.train(network, body.tap(tap)).logits)
          return { joint: jointLoss(step, { logits, labels: jointLabels(step, step.batch.y, rotations) }) }
        },
      },
    ],
  }
}

interface Lesson {
  readonly setup: MethodSetup
  readonly learners: readonly Learner[]
  readonly teacher: Headed | null
}

function studentStage(lesson: Lesson, share: number): Stage {
  const { learners, setup } = lesson
  const players = learners.flatMap((one) => one.players)
  const update: GradientUpdate = {
    kind: 'gradient',
    name: 'student',
    trains: players.map(({ role }) => role),
    loss: (step) => Object.fromEntries(lossesOf(step, lesson)),
  }
  return {
    name: 'student',
    share,
    schedule: setup.schedule,
    players,
    updates: [update],
    evaluate: learners.map(({ network }) => network),
  }
}

/** What a network says of the turned rows. */
export interface TurnedAnswers {
  /** z, [B · R, N] */
  readonly logits: Tensor
  /** q^l by head, [B · R, N · R] each */
  readonly joint: readonly Tensor[]
}

function lossesOf(step: StepContext, { setup, learners, teacher }: Lesson): (readonly [string, Scalar])[] {
  const params = setup.params as Params
  const turned = quarterTurns(step.tf, step.batch.x, params.rotations)
  const answers = learners.map((one) => answersOf(step, one, step.train(one.network, turned), 'train'))
  const taught = teacher && answersOf(step, teacher, step.infer(teacher.network, turned), 'infer')
  return learners.flatMap(({ label }, k) => {
    const own = answers[k] as TurnedAnswers
    const peers = teachersOf(k, learners.length, 'all').map((i) => answers[i] as TurnedAnswers)
    const parts = {
      ce: step.ops.crossEntropy(unturned(own.logits, params.rotations), step.batch.labels),
      ...(taught === null && jointPart(step, own, params)),
      ...(taught && named('teacher', matchLosses(step, own, { ...params, teacher: taught }))),
      ...Object.assign({}, ...peers.map((peer) => named('peer', matchLosses(step, own, { ...params, teacher: peer })))),
    } as Record<string, Scalar>
    const prefix = learners.length > 1 ? `${label}.` : ''
    return Object.entries(parts).map(([part, loss]) => [`${prefix}${part}`, loss] as const)
  })
}

const named = (whose: string, parts: Readonly<Record<string, Scalar>>) =>
  Object.fromEntries(Object.entries(parts).map(([part, loss]) => [`${whose}.${part}`, loss]))

function answersOf(step: StepContext, { heads }: Headed, body: Outputs, mode: 'train' | 'infer'): TurnedAnswers {
  return { logits: body.logits, joint: heads.map(({ tap, network }) => step[mode](network, body.tap(tap)).logits) }
}

function jointPart(step: StepContext, { joint }: TurnedAnswers, { jointWeight, rotations }: Params) {
  if (joint.length === 0) return {}
  const labels = jointLabels(step, step.batch.y, rotations)
  return { joint: jointLoss(step, { logits: joint, labels }).mul(jointWeight) as Scalar }
}

/** The rows of the samples as they are. @param rows [B · R, …] @returns [B, …] */
export function unturned(rows: Tensor, rotations: number): Tensor {
  const [count = 0, ...rest] = rows.shape
  if (rotations === 1) return rows
  const bySample = rows.reshape([count / rotations, rotations, ...rest])
  const begin = bySample.shape.map(() => 0)
  return bySample.slice(begin, [count / rotations, 1, ...rest]).reshape([count / rotations, ...rest])
}

/** R · y + r for every turned row, [B · R] int32. @param y [B] int32 */
export function jointLabels({ tf }: Pick<StepContext, 'tf'>, y: Tensor, rotations: number): Tensor {
  const turns = tf.range(0, rotations, 1, 'int32')
  return y.reshape([-1, 1]).mul(tf.scalar(rotations, 'int32')).add(turns).reshape([-1])
}

/** Σ_l mean over the rows of CE(joint label, q^l). @param input.logits at least one, [B · R, N · R] each */
export function jointLoss(
  { tf, ops }: Pick<StepContext, 'tf' | 'ops'>,
  { logits, labels }: { readonly logits: readonly Tensor[]; readonly labels: Tensor },
): Scalar {
  return tf.addN(logits.map((one) => ops.crossEntropy(one, labels))) as Scalar
}

export interface MatchInput {
  /** Gets no gradient. */
  readonly teacher: TurnedAnswers
  readonly temperature: number
  readonly jointWeight: number
  readonly weight: number
}

/** `heads`: jointWeight · Σ_l KD_T(q_T^l → q_S^l); `logits`: weight · KD_T(z_T → z_S). A part of weight 0 is left out. */
export function matchLosses(
  { tf, ops }: Pick<StepContext, 'tf' | 'ops'>,
  student: TurnedAnswers,
  { teacher, temperature, jointWeight, weight }: MatchInput,
): Readonly<Record<string, Scalar>> {
  const heads = student.joint.map((q, l) => ops.distillation(q, teacher.joint[l] as Tensor, temperature))
  return {
    ...(heads.length > 0 && jointWeight > 0 && { heads: tf.addN(heads).mul(jointWeight) as Scalar }),
    ...(weight > 0 && { logits: ops.distillation(student.logits, teacher.logits, temperature).mul(weight) as Scalar }),
  }
}

/** Class probabilities [M, N] from joint logits [M, N · R]: the sum of a class's joint probabilities. */
export function classProbabilities({ tf }: Pick<StepContext, 'tf'>, joint: Tensor, rotations: number): Tensor {
  const [rows = 0, width = 0] = joint.shape
  return tf
    .softmax(joint)
    .reshape([rows, width / rotations, rotations])
    .sum(2)
}

function imageFaults({ rotations }: Params, { signature: { inputShape } }: MethodJob): ParamFault[] {
  const square = inputShape.length === 3 && inputShape[0] === inputShape[1]
  if (rotations === 1 || square) return []
  const message = 'only square images can be turned by 90 degrees'
  return [
    { path: '/rotations', message, expected: '1, or images [side, side, channels]', received: showShape(inputShape) },
  ]
}

function tapFaults(params: Params, { student, teachers, peers }: MethodJob): ParamFault[] {
  const networks = [
    { whose: 'the student', architecture: student },
    ...teachers.flatMap((architecture) => (architecture === null ? [] : [{ whose: 'the teacher', architecture }])),
    ...peers.map((architecture) => ({ whose: 'the peer', architecture })),
  ]
  const found = networks.map(({ whose, architecture }) => ({
    whose,
    taps: tapsOf(params, architecture.taps),
    faults: tapsOf(params, architecture.taps).flatMap((tap, i) => {
      const one = tapOf(architecture, { tap, whose, path: params.taps.length > 0 ? `/taps/${i}` : '/taps' })
      return one.ok ? [] : [one.fault]
    }),
  }))
  const own = found[0]?.taps.length ?? 0
  const uneven = found.flatMap(({ whose, taps }) => {
    if (taps.length === own && own > 0) return []
    const message = own > 0 ? `${whose} has not as many stages as the student` : 'the student has no stages'
    return [{ path: '/taps', message, expected: `${Math.max(own, 1)} taps`, received: String(taps.length) }]
  })
  return [...found.flatMap(({ faults }) => faults), ...uneven]
}
