// The plan of a job that is stages of summed losses: every stage trains the student, and what its terms train beside it,
// by one gradient. A term that several stages name alike is one term, so its adapters go on from stage to stage.
import { canonicalJson } from '@stillhouse/spec'
import type { StreamSpec } from '../contracts/batch.ts'
import type { MethodSetup, Plan, Stage, StepContext, Term } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Scalar, Variable } from '../contracts/tf.ts'
import { variableNames } from '../network/layers-model-network.ts'
import { matchesGlob } from '../train/matches-glob.ts'
import type { ResolvedStage, ResolvedTerm } from './resolve-method.ts'

/** @param setup its `params` are those of nobody: each term gets its own */
export function composePlan(setup: MethodSetup, stages: readonly ResolvedStage[]): Plan {
  const terms = openTerms(setup, stages)
  return { deploy: deployed(setup), stages: stages.map((stage) => composeStage(setup, stage, terms)) }
}

/** Of a student with branches the one that answers: the others train it and stay behind. */
function deployed({ student, cut }: MethodSetup): Network {
  return student.model.outputs.length > 1 ? cut(student, 'logits') : student
}

interface OpenTerm {
  readonly term: Term
  /** Sets apart what it builds and logs from what other terms do; empty for the only one. */
  readonly label: string
}

const keyOf = ({ entry, params }: ResolvedTerm) => `${entry.name} ${canonicalJson(params)}`

function openTerms(setup: MethodSetup, stages: readonly ResolvedStage[]): ReadonlyMap<string, OpenTerm> {
  const different = new Map(stages.flatMap(({ terms }) => terms).map((term) => [keyOf(term), term] as const))
  const counts = new Map<string, number>()
  return new Map(
    [...different].map(([key, { entry, params }]) => {
      const nth = (counts.get(entry.name) ?? 0) + 1
      counts.set(entry.name, nth)
      const label = different.size === 1 ? '' : nth === 1 ? entry.name : `${entry.name}${nth}`
      return [key, { label, term: entry.term(setupFor(setup, params, label)) }] as const
    }),
  )
}

function setupFor(setup: MethodSetup, params: unknown, label: string): MethodSetup {
  const named = (name: string) => (label === '' ? name : `${label}/${name}`)
  return {
    ...setup,
    params,
    build: (role, architecture) => setup.build(named(role), architecture),
    random: (site) => setup.random(named(site)),
    state: (name, initial, options) => setup.state(named(name), initial, options),
  }
}

const STUDENT = 'student'

function composeStage({ student }: MethodSetup, stage: ResolvedStage, opened: ReadonlyMap<string, OpenTerm>): Stage {
  const terms = stage.terms.map((resolved) => ({ resolved, ...(opened.get(keyOf(resolved)) as OpenTerm) }))
  const { optimizer, schedule } = stage
  const own = optimizer === undefined ? {} : { optimizer }
  const beside = terms.flatMap(({ term, label }) =>
    (term.players ?? []).map((player) => ({
      ...own,
      ...player,
      role: label === '' ? player.role : `${label}/${player.role}`,
    })),
  )
  const players = [{ role: STUDENT, variables: trainedVariables(student, stage), ...own }, ...beside]
  return {
    name: stage.name,
    share: stage.share,
    players,
    updates: [
      {
        kind: 'gradient',
        name: STUDENT,
        trains: players.map(({ role }) => role),
        loss: (step) => lossOf(step, { student, terms, labels: stage.labels }),
      },
      ...terms.flatMap(({ term }) => term.after ?? []),
    ],
    batch: batchOf(terms.map(({ term }) => term)),
    streams: Object.assign({}, ...terms.map(({ term }) => term.streams ?? {})),
    ...(schedule === undefined ? {} : { schedule }),
  }
}

interface LossTerms {
  readonly student: Network
  readonly terms: readonly (OpenTerm & { readonly resolved: ResolvedTerm })[]
  readonly labels: boolean
}

function lossOf(step: StepContext, { student, terms, labels }: LossTerms): Record<string, Scalar> {
  const outputs = step.train(student)
  const parts: Record<string, Scalar> = labels ? { ce: step.ops.crossEntropy(outputs.logits, step.batch.labels) } : {}
  for (const { term, label, resolved } of terms) {
    for (const [name, value] of Object.entries(term.loss(step, outputs)))
      parts[name in parts ? `${label}.${name}` : name] = weighted(step, value, resolved)
  }
  return parts
}

function weighted({ ops, epoch }: StepContext, value: Scalar, { weight, rampEpochs }: ResolvedTerm): Scalar {
  const scaled = weight === 1 ? value : (value.mul(weight) as Scalar)
  return rampEpochs === 0 ? scaled : (scaled.mul(ops.ramp(epoch, rampEpochs)) as Scalar)
}

/** What all terms ask of a batch at once. */
function batchOf(terms: readonly Term[]): StreamSpec {
  const asked = terms.flatMap(({ batch }) => (batch === undefined ? [] : [batch]))
  const views = Math.max(1, ...asked.map((batch) => batch.views ?? 1))
  const negatives = asked.flatMap((batch) => (batch.negatives === undefined ? [] : [batch.negatives]))
  const [first] = negatives
  if (new Set(negatives.map((one) => canonicalJson(one))).size > 1)
    throw new Error('Two losses of one stage ask for different negatives. Expected equal count and kind.')
  return { ...(views > 1 ? { views } : {}), ...(first === undefined ? {} : { negatives: first }) }
}

/** The student's variables in layers that `train` names and `freeze` does not. */
function trainedVariables(student: Network, { train, freeze = [] }: ResolvedStage): readonly Variable[] {
  const names = variableNames(student)
  const matches = (globs: readonly string[], layer: string) => globs.some((glob) => matchesGlob(glob, layer))
  return student.trainable.filter((_, i) => {
    const layer = names[i]?.slice(0, names[i]?.lastIndexOf('/')) ?? ''
    return (train === undefined || matches(train, layer)) && !matches(freeze, layer)
  })
}
