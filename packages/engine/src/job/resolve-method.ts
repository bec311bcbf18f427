// How a job distils: one method with a plan of its own, or stages of summed losses. Faults are found without tensors.
import type { Fault, JobSpec, LossTermSpec, StageSpec } from '@stillhouse/spec'
import type { Method, PlanMethod, TermMethod } from '../contracts/method.ts'
import type { Shelves } from '../contracts/shelves.ts'
import type { Checked } from './checked.ts'
import { findEntry } from './find-entry.ts'
import type { KnownTeachers } from './known-teachers.ts'
import { needFaults, surplusFaults } from './need-faults.ts'
import { type Params, resolveParams } from './resolve-params.ts'
import { sumFaults } from './sum-faults.ts'

export interface ResolvedTerm {
  readonly entry: TermMethod
  readonly params: Params
  readonly weight: number
  readonly rampEpochs: number
  /** JSON Pointer of what names it. */
  readonly path: string
}

export interface ResolvedStage
  extends Pick<StageSpec, 'name' | 'share' | 'train' | 'freeze' | 'optimizer' | 'schedule'> {
  readonly terms: readonly ResolvedTerm[]
  /** Whether cross-entropy with the labels is added. */
  readonly labels: boolean
}

export type ResolvedMethod =
  | { readonly kind: 'plan'; readonly entry: PlanMethod; readonly params: Params; readonly path: string }
  | { readonly kind: 'stages'; readonly stages: readonly ResolvedStage[] }

/** What methods are looked up in and held against. */
interface Asked {
  readonly spec: JobSpec
  readonly shelves: Shelves
  readonly known: KnownTeachers
}

/** @param spec canonical: exactly one of `method` and `stages` @param known of the teachers taken from elsewhere */
export function resolveMethod(spec: JobSpec, shelves: Shelves, known: KnownTeachers): Checked<ResolvedMethod> {
  const { method, stages } = spec
  const asked = { spec, shelves, known }
  if (stages !== undefined) return resolveStages(asked, stages)
  const chosen = chooseMethod(asked, { name: method?.name ?? '', params: method?.params, path: '/method' })
  if (!chosen.ok) return chosen
  const { entry, params, path } = chosen.value
  const faults = surplusFaults([entry], spec)
  if (faults.length > 0) return { ok: false, faults }
  if ('plan' in entry) return { ok: true, value: { kind: 'plan', entry, params, path } }
  return { ok: true, value: { kind: 'stages', stages: [onlyStage({ entry, params, path })] } }
}

/** The stage of a method that stands alone. */
export function onlyStage({ entry, params, path }: Pick<ResolvedTerm, 'entry' | 'params' | 'path'>): ResolvedStage {
  const name = entry.needs.teachers.min === 0 ? 'train' : 'distil'
  return { name, share: 1, terms: [{ entry, params, path, weight: 1, rampEpochs: 0 }], labels: !entry.ownLabels }
}

function resolveStages(asked: Asked, stages: readonly StageSpec[]): Checked<ResolvedMethod> {
  const faults: Fault[] = []
  const resolved = stages.map(({ methods, ...stage }, i) => {
    const terms = methods.map((term, k) => resolveTerm(asked, { term, path: `/stages/${i}/methods/${k}` }))
    faults.push(...terms.flatMap((term) => (term.ok ? [] : term.faults)))
    return { ...stage, labels: false, terms: terms.flatMap((term) => (term.ok ? [term.value] : [])) }
  })
  if (faults.length === 0) {
    const used = resolved.flatMap(({ terms }) => terms.map(({ entry }) => entry))
    faults.push(...surplusFaults([...new Set(used)], asked.spec), ...resolved.flatMap(({ terms }) => sumFaults(terms)))
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: { kind: 'stages', stages: resolved } }
}

function resolveTerm(
  asked: Asked,
  { term, path }: { readonly term: LossTermSpec; readonly path: string },
): Checked<ResolvedTerm> {
  const { shelves } = asked
  const known = shelves.methods.find(({ name }) => name === term.name)
  if (known !== undefined && !('term' in known)) return { ok: false, faults: [notATerm(known, shelves, path)] }
  const chosen = chooseMethod(asked, { ...term, params: term.params, path })
  if (!chosen.ok) return chosen
  const { entry, params } = chosen.value
  return {
    ok: true,
    value: { entry: entry as TermMethod, params, weight: term.weight, rampEpochs: term.rampEpochs ?? 0, path },
  }
}

function notATerm({ name }: Method, { methods }: Shelves, path: string): Fault {
  const terms = methods.filter((one) => 'term' in one).map((one) => one.name)
  return {
    path: `${path}/name`,
    message: `the method ${name} has stages of its own and is no term of a sum`,
    expected: `one of ${terms.join(', ')}; or ${name} alone, as \`method\``,
    received: name,
  }
}

interface Named {
  readonly name: string
  readonly params: unknown
  readonly path: string
}

interface ChosenMethod {
  readonly entry: Method
  readonly params: Params
  readonly path: string
}

function chooseMethod({ spec, shelves, known }: Asked, { name, params, path }: Named): Checked<ChosenMethod> {
  const shelf = shelves.methods
  const found = findEntry({ shelf, kind: 'method', name, path: `${path}/name`, task: spec.task })
  if (!found.ok) return found
  const resolved = resolveParams(found.value, params, `${path}/params`)
  const faults = [...(resolved.ok ? [] : resolved.faults), ...needFaults(found.value, spec, known)]
  return resolved.ok && faults.length === 0
    ? { ok: true, value: { entry: found.value, params: resolved.value, path } }
    : { ok: false, faults }
}
