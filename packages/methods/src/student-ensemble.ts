// A network and thinner copies of it on one trunk: all learn from the mean of their answers, the thin ones also the full
// one's maps, and one training gives models of every size.
import type {
  Architecture,
  MethodSetup,
  Network,
  Ops,
  Outputs,
  ParamFault,
  PlanMethod,
  Scalar,
  StepContext,
  Tensor,
  Tf,
} from '@stillhouse/engine'
import { TrainingError } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type Adapter, adapterBetween, type Shape } from './shared/adapter.ts'
import { branchesOf, branchFaults, branchNumberFaults } from './shared/branches.ts'
import { meanLogits } from './shared/mean-logits.ts'
import { pairFaults, tapOf } from './shared/tap-pairs.ts'

const share = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1000, default: value, description })

const parameters = Type.Object(
  {
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 2,
      description: 'softens the answers of the ensemble and of the students that learn from it',
    }),
    labelWeight: share(0.7, 'of the labels, for every student'),
    featureWeight: share(0.15, "of the full student's features, for the thin ones; at 0 there are no adapters"),
    ensembleWeight: share(0.15, 'of the mean answer, for every student'),
    ensembleLabelWeight: share(0, 'of the labels, for the mean answer; the released code has no such part'),
    taps: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      uniqueItems: true,
      maxItems: 8,
      default: [],
      description: 'features of every branch that are compared, as in stage3 for branch1.stage3; none: all its stages',
    }),
    trunk: Type.Enum(['all', 'first'], {
      default: 'all',
      description: 'whose losses train the shared trunk: those of all students, or of the full one alone',
    }),
    deploy: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 16,
        description: 'branch that is evaluated as the result; default: the last. The others are handed out beside it',
      }),
    ),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * L = 0.7 Σ_j CE(y, z_j) + 0.15 Σ_b Σ_{j ≥ 2} mean (A_bj(F_bj) − F_b1)² + 0.15 Σ_j KD_2(z_e → z_j), z_e = mean_j z_j (Walawalkar
 * et al. 2020, eq. 2–8). Student j is branch j of a student of the family `multi-branch`, which thins it by its `widths`:
 * for n students of the paper 1, (n − 1)/n … 1/n. F_bj [B, H, W, C_bj] is block b of branch j, A_bj a 1×1 convolution to the
 * channels of branch 1, the full student; F_b1 and z_e are constants. Adapters are `adapter:branch2.stage3/…`, thrown away
 * afterwards; the paper's half rate for them is a group of the optimiser that matches `adapter:*`.
 * Cross-entropy of z_e, which the released code leaves out, is there by its weight: our reading of the paper.
 */
export const studentEnsemble: PlanMethod = {
  name: 'student-ensemble',
  title: 'Online ensemble model compression',
  summary: 'A network and thinner copies on one trunk train together; one training gives models of every width.',
  paper: {
    title: 'Online Ensemble Model Compression using Knowledge Distillation',
    authors: 'Walawalkar, Shen, Savvides',
    venue: 'ECCV',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, labels: true },
  check(params, { student }) {
    const missing = branchFaults(student)
    if (missing.length > 0) return missing
    const given = params as Params
    const features = given.featureWeight === 0 ? [] : featureFaults(given, student)
    return [...branchNumberFaults(given.deploy ?? 1, student), ...features, ...weightFaults(given)]
  },
  plan(setup) {
    const params = setup.params as Params
    const { student } = setup
    const names = branchesOf(setup.studentArchitecture)
    const students = names.map((name) => setup.cut(student, `${name}.logits`))
    const pairs = params.featureWeight === 0 ? [] : pairsOf(setup)
    const players = [student, ...pairs.map(({ adapter }) => adapter)].map(({ role, trainable }) => ({
      role,
      variables: trainable,
    }))
    const place = (params.deploy ?? names.length) - 1
    const others = names.flatMap((name, j) => (j === place ? [] : [[name, students[j] as Network] as const]))
    return {
      deploy: students[place] as Network,
      also: Object.fromEntries(others),
      stages: [
        {
          name: 'ensemble',
          share: 1,
          players,
          updates: [
            {
              kind: 'gradient',
              name: 'ensemble',
              trains: players.map(({ role }) => role),
              loss: lossOf(setup, { students, pairs }),
            },
          ],
          evaluate: students,
        },
      ],
    }
  },
}

/** Taps of a branch without its name. */
function tapsOf({ taps: given }: Pick<Params, 'taps'>, { taps }: Pick<Architecture, 'taps'>): string[] {
  if (given.length > 0) return [...new Set(given)]
  return Object.keys(taps).flatMap((tap) => /^branch1\.(stage\d+)$/.exec(tap)?.[1] ?? [])
}

const adapterTo = (from: Shape, to: Shape): Adapter => adapterBetween({ from, to, projection: 'always' })

function featureFaults(params: Params, student: Architecture): ParamFault[] {
  const [full = '', ...thin] = branchesOf(student)
  const taps = tapsOf(params, student)
  if (taps.length === 0) {
    const message = 'no stage of the student lies behind its split, so there are no features to compare'
    return [{ path: '/taps', message, expected: 'names of taps of every branch, or featureWeight 0', received: '[]' }]
  }
  return taps.flatMap((tap, i) => {
    const path = params.taps.length === 0 ? '' : `/taps/${i}`
    const found = (branch: string) => tapOf(student, { tap: `${branch}.${tap}`, whose: 'the student', path })
    const to = found(full)
    if (!to.ok) return [to.fault]
    return thin.flatMap((branch) => {
      const from = found(branch)
      return from.ok ? pairFaults(adapterTo(from.shape, to.shape), path) : [from.fault]
    })
  })
}

/** Without any weight there is nothing to learn. */
function weightFaults({ labelWeight, ensembleLabelWeight }: Params): ParamFault[] {
  if (labelWeight + ensembleLabelWeight > 0) return []
  const message = 'nobody learns the labels, so there is nothing to learn from each other'
  return [{ path: '/labelWeight', message, expected: 'labelWeight or ensembleLabelWeight above 0', received: '0' }]
}

/** A feature of a thin student, and the full one's that it learns. */
interface FeaturePair {
  /** Number of the thin student, counted from 0. */
  readonly j: number
  readonly from: string
  readonly to: string
  readonly adapter: Network
}

function pairsOf({ params, student, studentArchitecture, shapeOf, build }: MethodSetup): FeaturePair[] {
  const [full, ...thin] = branchesOf(studentArchitecture)
  const taps = tapsOf(params as Params, studentArchitecture)
  return thin.flatMap((branch, i) =>
    taps.map((tap) => {
      const [from, to] = [`${branch}.${tap}`, `${full}.${tap}`]
      const found = adapterTo(shapeOf(student, from), shapeOf(student, to))
      if (!found.ok || found.architecture === null)
        throw new TrainingError('spec.rejected', `No adapter leads from the tap ${from} of the student to ${to}.`)
      return { j: i + 1, from, to, adapter: build(`adapter:${from}`, found.architecture) }
    }),
  )
}

interface Students {
  readonly students: readonly Network[]
  readonly pairs: readonly FeaturePair[]
}

function lossOf({ params, student }: MethodSetup, { students, pairs }: Students) {
  const given = params as Params
  return (step: StepContext) => {
    const passes = passesOf(step, { student, students, trunk: given.trunk })
    const features = pairs.map(({ j, from, to, adapter }) => ({
      thin: step.train(adapter, (passes[j] as Outputs).tap(from)).logits,
      full: (passes[0] as Outputs).tap(to),
    }))
    const logits = students.map(({ taps }, j) => (passes[j] as Outputs).tap(taps['logits'] ?? ''))
    return studentEnsembleLoss(step, { ...given, logits, features, labels: step.batch.labels })
  }
}

interface Passes {
  readonly student: Network
  readonly students: readonly Network[]
  readonly trunk: Params['trunk']
}

/** One pass of all, or thin students that begin at a trunk which their losses do not reach. */
function passesOf({ ops, train, resume }: StepContext, { student, students, trunk }: Passes): Outputs[] {
  const whole = train(student)
  if (trunk === 'all') return students.map(() => whole)
  const x = ops.stopGradient(whole.tap('trunk'))
  return students.map((thin, j) => (j === 0 ? whole : resume(thin, { at: 'trunk', x, mode: 'train' })))
}

export interface StudentEnsembleLossInput
  extends Pick<Params, 'temperature' | 'labelWeight' | 'featureWeight' | 'ensembleWeight' | 'ensembleLabelWeight'> {
  /** z_j of each student, the full one first, [B, K] */
  readonly logits: readonly Tensor[]
  /** Per block and thin student: its feature behind the adapter, and the full one's of the same shape. */
  readonly features: readonly ThinFeatureInput[]
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
}

export interface ThinFeatureInput {
  readonly thin: Tensor
  /** Gets no gradient. */
  readonly full: Tensor
}

/** The parts `branch1.ce` … and `branch1.kd` …, `features`, `ensemble.ce`; those of weight 0 are left out. */
export function studentEnsembleLoss(
  { tf, ops }: { readonly tf: Tf; readonly ops: Pick<Ops, 'crossEntropy' | 'distillation' | 'stopGradient'> },
  { logits, features, labels, temperature, ...weights }: StudentEnsembleLossInput,
): Readonly<Record<string, Scalar>> {
  const { labelWeight, featureWeight, ensembleWeight, ensembleLabelWeight } = weights
  const ensemble = meanLogits(tf, logits)
  const parts: Record<string, Scalar> = {}
  for (const [j, z] of logits.entries()) {
    const name = `branch${j + 1}`
    if (labelWeight > 0) parts[`${name}.ce`] = ops.crossEntropy(z, labels).mul(labelWeight)
    if (ensembleWeight > 0) parts[`${name}.kd`] = ops.distillation(z, ensemble, temperature).mul(ensembleWeight)
  }
  if (featureWeight > 0 && features.length > 0)
    parts['features'] = thinFeatureLoss(tf, ops, features).mul(featureWeight)
  if (ensembleLabelWeight > 0) parts['ensemble.ce'] = ops.crossEntropy(ensemble, labels).mul(ensembleLabelWeight)
  return parts
}

/** Σ over blocks and thin students of mean (thin − full)², the full student's features constant. */
export function thinFeatureLoss(tf: Tf, ops: Pick<Ops, 'stopGradient'>, features: readonly ThinFeatureInput[]): Scalar {
  return tf.addN(features.map(({ thin, full }) => thin.sub(ops.stopGradient(full)).square().mean())) as Scalar
}
