// Which outputs of teachers are kept, under which keys, and how a pass over the samples computes them.
import { isNative } from '@stillhouse/graph'
import { canonicalJson, type TrainSpec } from '@stillhouse/spec'
import type { Tf } from '../contracts/tf.ts'
import type { BatchPlan, BatchSource, StreamPlan } from '../data/batch-source.ts'
import { outputShapes, sizeOf } from './host-program.ts'
import type { OpenTeacher } from './open-teacher.ts'
import { outputKey, viewDigest } from './output-key.ts'
import type { RowLayout, RowStore } from './rows/rows.ts'
import type { TeacherOutput } from './teacher-outputs.ts'

/** Whole batches from which tracing a teacher pays. */
const COMPILE_FROM = 8

export interface OutputPlanOptions {
  readonly tf: Tf
  readonly teachers: readonly OpenTeacher[]
  /** The outputs are those on its main stream's first view. */
  readonly plan: Pick<BatchPlan, 'main' | 'batchSize' | 'seed'>
  /** Batches of that plan. */
  readonly batches: Pick<BatchSource, 'at' | 'stepsPerEpoch'>
  readonly policy: TrainSpec['teacherCache']
  /** Samples at a time where nothing is augmented. */
  readonly evaluateBatchSize: number
  /** Whether teachers may be traced. */
  readonly compile: boolean
  /** Digest of the data set that the main stream is drawn from. */
  readonly dataDigest: string
}

/** Outputs of one teacher that are computed together: tracing fuses across them, so bits depend on which they are. */
export interface OutputGroup {
  readonly teacher: number
  readonly taps: readonly string[]
  /** Of the tables, in the order of the taps. */
  readonly keys: readonly string[]
  readonly layouts: readonly RowLayout[]
  readonly epoch: number
}

export interface OutputPlan {
  /** @throws Error when there is no such teacher or tap, naming those there are */
  shapeOf(output: TeacherOutput): readonly number[]
  isKept(output: TeacherOutput): boolean
  /** Those of the outputs that are kept. */
  groups(outputs: readonly TeacherOutput[], epoch: number): OutputGroup[]
  /** Every epoch has outputs of its own. */
  readonly augmented: boolean
  /** Samples at a time. */
  readonly batchSize: number
  readonly compile: boolean
}

export function outputPlan(options: OutputPlanOptions, store: Pick<RowStore, 'holds'>): OutputPlan {
  const { plan, teachers, policy } = options
  const augmented = isAugmented(plan.main)
  const pass = { augmented, ...passOf(options, augmented) }
  const shapes = outputShapes(options.tf, plan.main.inputShape)
  const shapeOf = ({ teacher, tap }: TeacherOutput) => shapes(teacherAt(teachers, teacher), tap)
  const layoutOf = (output: TeacherOutput) => ({ count: plan.main.view.indices.length, width: sizeOf(shapeOf(output)) })
  const isKept = (output: TeacherOutput) => {
    if (policy === 'off' || plan.main.augment?.mixup !== undefined) return false
    if (policy === 'auto' && augmented) return false
    return store.holds(layoutOf(output))
  }
  const groups = (outputs: readonly TeacherOutput[], epoch: number) => {
    const kept = outputs.filter(isKept)
    const view = viewDigest(plan.main, augmented ? { seed: plan.seed, epoch, batchSize: plan.batchSize } : null)
    return teachersOf(kept).map((teacher) => {
      const taps = tapsOf(kept, teacher)
      const { digest } = teacherAt(teachers, teacher)
      const shared = { teacher: digest, data: options.dataDigest, view, run: runOf(options, pass, { teacher, taps }) }
      const keys = taps.map((tap) => outputKey({ ...shared, tap }))
      return { teacher, taps, keys, layouts: taps.map((tap) => layoutOf({ teacher, tap })), epoch }
    })
  }
  return { ...pass, shapeOf, isKept, groups }
}

/** @throws Error when there is none of that number */
export function teacherAt(teachers: readonly OpenTeacher[], index: number): OpenTeacher {
  const teacher = teachers[index]
  if (teacher !== undefined) return teacher
  throw new Error(`There is no teacher ${index}. Expected an index below ${teachers.length}.`)
}

export function teachersOf(outputs: readonly TeacherOutput[]): number[] {
  return [...new Set(outputs.map(({ teacher }) => teacher))]
}

/** The taps of that teacher among the outputs, each once, in an order of their own. */
export function tapsOf(outputs: readonly TeacherOutput[], teacher: number): string[] {
  return [...new Set(outputs.filter((output) => output.teacher === teacher).map(({ tap }) => tap))].sort()
}

/**
 * Whether the first view of `other` shows samples of `own` as they look there. A part of them will do, but where an epoch
 * has a look of its own: a part has shorter epochs.
 */
export function showsSameSamples(own: StreamPlan, other: StreamPlan): boolean {
  if (own.view !== other.view || canonicalJson(own.augment ?? {}) !== canonicalJson(other.augment ?? {})) return false
  return canonicalJson(own.part ?? null) === canonicalJson(other.part ?? null) || !isAugmented(own)
}

/** What an epoch's samples look like depends on more than the samples. */
function isAugmented({ augment }: Pick<StreamPlan, 'augment'>): boolean {
  return Object.values(augment ?? {}).some((value) => value !== undefined && value !== false && value !== 0)
}

type Pass = Pick<OutputPlan, 'batchSize' | 'compile'>

function passOf({ plan, batches, evaluateBatchSize, compile }: OutputPlanOptions, augmented: boolean): Pass {
  const samples = plan.main.view.indices.length
  const batchSize = augmented ? plan.batchSize : Math.min(evaluateBatchSize, samples)
  const whole = augmented ? batches.stepsPerEpoch : Math.floor(samples / batchSize)
  return { batchSize, compile: compile && whole >= COMPILE_FROM }
}

type Part = Pick<OutputGroup, 'teacher' | 'taps'>

function runOf({ tf, teachers }: OutputPlanOptions, { batchSize, compile }: Pass, { teacher, taps }: Part) {
  if (teacherAt(teachers, teacher).network === null) return { batchSize }
  const { isUsingGpuDevice = false } = tf.backend() as { isUsingGpuDevice?: boolean }
  const device = `${tf.getBackend()} ${isUsingGpuDevice ? 'gpu' : 'cpu'}`
  return { batchSize, device, traced: compile && isNative(tf) ? taps : null }
}
