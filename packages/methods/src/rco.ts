// Route constrained optimisation: the student learns from the teacher as it was on its way, one anchor after the other.
import {
  type HostContext,
  type JobFault,
  type MethodJob,
  type MethodSetup,
  type Network,
  type ParamFault,
  type Plan,
  type PlanMethod,
  type Stage,
  TrainingError,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { kdLoss, kdParameters } from './shared/kd-loss.ts'
import { type RoutePoint, teacherRoute } from './shared/teacher-route.ts'

const parameters = Type.Object(
  {
    anchors: Type.Enum(['interval', 'explicit', 'greedy'], {
      default: 'interval',
      description: 'how anchors are chosen from the route: teachers[].snapshots, oldest first, then the teacher itself',
    }),
    every: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 1,
      description: 'interval: every so many points of the route, and always the last',
    }),
    explicit: Type.Array(Type.Integer({ minimum: -1000, maximum: 1000 }), {
      minItems: 1,
      maxItems: 256,
      default: [-1],
      description: 'explicit: points of the route in the order of learning; 1 is the oldest, -1 the trained teacher',
    }),
    delta: Type.Number({
      minimum: -1,
      default: 0.8,
      description: 'greedy: how much harder than the present anchor the next may be; -1 takes every point',
    }),
    rule: Type.Enum(['before-first', 'furthest'], {
      default: 'before-first',
      description: 'greedy: the point before the first that is too hard, or the furthest that is not',
    }),
    maxAnchors: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 256,
        description:
          'greedy: the training is cut into so many equal parts, default as many as points; the last anchor takes what is left',
      }),
    ),
    restart: Type.Boolean({
      default: true,
      description: 'the learning-rate schedule begins anew at each anchor, milestones counted from there',
    }),
    ...kdParameters,
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Jin et al. 2019. The student is trained with `kd` on the anchors a_1 … a_m of the teacher's route in order, each stage
 * going on from the weights of the one before; a_m is the trained teacher unless `explicit` says otherwise. Anchors have
 * equal shares of the training. The optimiser's state begins anew at each.
 * Greedy: from anchor i the next one is chosen by r_ij = H(i, j) / H(i, i), H(i, j) the mean of KL(p_j ‖ p_s) at T = 1 on
 * the hold-out (`data.validation`; the training samples where there is none). Rule and delta are our reading of the paper;
 * every r_ij is kept in the decision.
 */
export const rco: PlanMethod = {
  name: 'rco',
  title: 'Route constrained optimisation',
  summary: 'The student follows the route of its teacher, learning from its early copies before the trained one.',
  paper: {
    title: 'Knowledge Distillation via Route Constrained Optimization',
    authors: 'Jin, Peng, Wu, Liu, Liu, Liang, Yan, Hu',
    venue: 'ICCV',
    year: 2019,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  check: (params, job) => routeFaults(params as Params, job),
  plan(setup) {
    const { anchors, every, explicit } = setup.params as Params
    const route = teacherRoute(setup)
    if (anchors === 'greedy') return greedyPlan(setup, route)
    const points =
      anchors === 'interval' ? intervalAnchors(route.length, every) : explicitAnchors(route.length, explicit)
    const share = 1 / points.length
    const stages = points.map((point, m) => anchorStage(setup, { route, point, number: m + 1, share }))
    return { deploy: setup.student, stages }
  },
}

/** Every `every`-th of `count` points, counted from 1, and the last. */
export function intervalAnchors(count: number, every: number): number[] {
  const points = Array.from({ length: count }, (_, i) => i + 1)
  return points.filter((point) => point % every === 0 || point === count)
}

/** @throws TrainingError `spec.rejected` for a point that the route does not have */
export function explicitAnchors(count: number, points: readonly number[]): number[] {
  return points.map((given) => {
    const point = given < 0 ? count + 1 + given : given
    if (point >= 1 && point <= count) return point
    throw new TrainingError(
      'spec.rejected',
      `/method/params/explicit: the teachers' route has no such point. Expected 1 to ${count}, or -${count} to -1; received ${given}.`,
    )
  })
}

/** Copies that the data decides about make the length of the route NaN. */
function routeFaults({ anchors, explicit }: Params, { teacherTraits = [] }: MethodJob): (ParamFault | JobFault)[] {
  const points = teacherTraits.reduce((sum, { snapshots }) => sum + (snapshots ?? Number.NaN) + 1, 0)
  if (teacherTraits.length === 0) return []
  if (anchors === 'explicit') return explicit.flatMap((point, i) => pointFault(point, i, points))
  const foreign = teacherTraits.flatMap((traits, i) => (traits.foreign ? [foreignFault(i)] : []))
  return [...(anchors === 'greedy' ? foreign : []), ...(points === 1 ? [NO_ROUTE] : [])]
}

const NO_ROUTE: JobFault = {
  in: 'job',
  path: '/teachers/0/snapshots',
  message: 'the method rco follows the route of its teacher, and this one leaves no copies on its way',
  expected: 'everyEpochs, less than the epochs of a teacher that is trained here; or several teachers',
  received: 'no copies',
}

function foreignFault(i: number): JobFault {
  const message = 'greedy looks at the teachers between stages, which a graph of another runtime does not allow'
  const expected = 'teachers trained here, of jobs, or uploaded in the format tfjs-layers; or other anchors'
  return { in: 'job', path: `/teachers/${i}/from`, message, expected, received: 'an upload in another format' }
}

/** @param count points of the route; NaN where they cannot be counted: then the first and the last alone are sure */
function pointFault(point: number, i: number, count: number): ParamFault[] {
  if (Math.abs(point) === 1 || (point !== 0 && Math.abs(point) <= count)) return []
  const path = `/explicit/${i}`
  const received = String(point)
  if (Number.isNaN(count) && point !== 0) {
    const message = 'how many copies a teacher leaves is only known where it trains for epochs'
    return [{ path, message, expected: '1 or -1, or train.epochs in place of train.steps of the teacher', received }]
  }
  const range = Number.isNaN(count) ? '1 and above, or -1 and below' : `1 to ${count}, or -${count} to -1`
  return [{ path, message: "the teachers' route has no such point", expected: range, received }]
}

interface Anchor {
  readonly route: readonly RoutePoint[]
  /** Counted from 1. */
  readonly point: number
  /** Of the stage, counted from 1. */
  readonly number: number
  readonly share: number
}

function anchorStage({ student, params, schedule }: MethodSetup, { route, point, number, share }: Anchor): Stage {
  const { restart, temperature, alpha } = params as Params
  return {
    name: `anchor${number}-point${point}`,
    share,
    players: [{ role: 'student', variables: student.trainable }],
    updates: [
      {
        kind: 'gradient',
        name: 'student',
        trains: ['student'],
        loss: (step) => {
          const teacher = pointOf(route, point).logits(step)
          const { logits } = step.train(student)
          return kdLoss(step.ops, { student: logits, teacher, labels: step.batch.labels, temperature, alpha })
        },
      },
    ],
    ...(restart ? { schedule } : {}),
  }
}

function pointOf(route: readonly RoutePoint[], point: number): RoutePoint {
  const found = route[point - 1]
  if (found === undefined) throw new Error(`The route has ${route.length} points; asked for ${point}.`)
  return found
}

/** What was measured at an anchor and where it leads. Plain JSON: numbers are finite. */
export interface AnchorDecision {
  /** The anchor that the student has learnt, and the next, counted from 1. */
  readonly from: number
  readonly to: number
  /** H(from, from), the congruence loss. */
  readonly congruence: number
  /** r_ij for j = from … the last point. */
  readonly hardness: readonly number[]
}

function greedyPlan(setup: MethodSetup, route: readonly RoutePoint[]): Plan {
  if (route.some(({ network }) => network === null))
    throw new TrainingError(
      'spec.rejected',
      '/method/params/anchors: greedy looks at the teachers between stages. Expected teachers in the format tfjs-layers; received one in another.',
    )
  const { maxAnchors = route.length } = setup.params as Params
  return greedyStage({ setup, route, parts: Math.min(maxAnchors, route.length) }, 1, 1)
}

interface Greedy {
  readonly setup: MethodSetup
  readonly route: readonly RoutePoint[]
  /** Equal parts of the training. */
  readonly parts: number
}

/** The plan of the `number`-th anchor, and of those after it. */
function greedyStage(greedy: Greedy, point: number, number: number): Plan {
  const { setup, route, parts } = greedy
  const last = point === route.length
  const share = last ? 1 - (number - 1) / parts : 1 / parts
  const plan: Plan = { deploy: setup.student, stages: [anchorStage(setup, { route, point, number, share })] }
  if (last) return plan
  return {
    ...plan,
    next: {
      decide: (host) => decide(greedy, host, { point, number }),
      plan: (decision) => greedyStage(greedy, (decision as AnchorDecision).to, number + 1),
    },
  }
}

async function decide(
  { setup, route, parts }: Greedy,
  host: HostContext,
  { point, number }: { readonly point: number; readonly number: number },
): Promise<AnchorDecision> {
  const { delta, rule } = setup.params as Params
  const { classes } = setup.signature
  const { logits: student } = await host.logits(setup.student, 'validation')
  const divergences: number[] = []
  for (const { network } of route.slice(point - 1)) {
    const { logits } = await host.logits(network as Network, 'validation')
    divergences.push(meanDivergence({ target: logits, answer: student, classes }))
  }
  const hardness = hardnessOf(divergences)
  // the last part of the training belongs to the trained teacher
  const to = number + 1 >= parts ? route.length : nextAnchor({ from: point, hardness, delta, rule })
  return { from: point, to, congruence: divergences[0] ?? 0, hardness }
}

export interface MeanDivergence {
  /** [N · K] logits of the distribution that is aimed at */
  readonly target: Float32Array
  /** [N · K] logits */
  readonly answer: Float32Array
  readonly classes: number
}

/** Mean over the samples of KL(softmax(target) ‖ softmax(answer)), in double precision. */
export function meanDivergence({ target, answer, classes }: MeanDivergence): number {
  const samples = target.length / classes
  let sum = 0
  for (let i = 0; i < samples; i++) {
    const [p, q] = [target, answer].map((all) => logSoftmax(all.subarray(i * classes, (i + 1) * classes)))
    p?.forEach((value, k) => {
      sum += Math.exp(value) * (value - (q?.[k] ?? 0))
    })
  }
  return sum / samples
}

function logSoftmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits)
  const total = Math.log(logits.reduce((sum, z) => sum + Math.exp(z - largest), 0)) + largest
  return Array.from(logits, (z) => z - total)
}

/** Below this a student agrees with its anchor as well as float32 can tell. */
const AGREEMENT = 1e-9

/** r_ij = H(i, j) / H(i, i), r_ii = 1. @param divergences H(i, j) for j = i … n */
export function hardnessOf(divergences: readonly number[]): number[] {
  const congruence = Math.max(divergences[0] ?? 0, AGREEMENT)
  return divergences.map((divergence, j) => (j === 0 ? 1 : divergence / congruence))
}

export interface NextAnchor {
  /** Counted from 1, not the last point. */
  readonly from: number
  /** r_ij for j = from … n. */
  readonly hardness: readonly number[]
  readonly delta: number
  readonly rule: Params['rule']
}

/** The furthest point reached with r ≤ 1 + delta, by the rule; at least the next one. */
export function nextAnchor({ from, hardness, delta, rule }: NextAnchor): number {
  const fits = hardness.map((r) => r <= 1 + delta)
  const after = fits.slice(1)
  const reached = rule === 'furthest' ? after.lastIndexOf(true) + 1 : (after.indexOf(false) + 1 || fits.length) - 1
  return from + Math.max(reached, 1)
}
