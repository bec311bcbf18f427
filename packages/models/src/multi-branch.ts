// A network that grows several ends, for methods whose students teach each other on one trunk.
import {
  type Architecture,
  describeArchitecture,
  type ModelFamily,
  type ParamFault,
  resolveParams,
  type Signature,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { branchOut } from './shared/branch-out.ts'
import { BRANCHABLE_FAMILIES } from './shared/branchable-families.ts'

const MOST_BRANCHES = 16

const parameters = Type.Object(
  {
    family: Type.Enum(
      BRANCHABLE_FAMILIES.map(({ name }) => name),
      { default: 'resnet', description: 'family of the network that branches' },
    ),
    params: Type.Record(Type.String({ maxLength: 64 }), Type.Unknown(), {
      default: {},
      description: 'parameters of that family, with its defaults for those left out',
    }),
    split: Type.String({
      maxLength: 64,
      default: 'stage2',
      description: 'tap of a stage behind which the network branches: `stem` where there is one, `stage1` …',
    }),
    branches: Type.Integer({
      minimum: 2,
      maximum: MOST_BRANCHES,
      default: 3,
      description: 'how many branches; the first gives the output of the network',
    }),
    widths: Type.Optional(
      Type.Array(Type.Number({ minimum: 0.01, maximum: 4 }), {
        minItems: 2,
        maxItems: MOST_BRANCHES,
        description: 'factor on the channels of each branch, rounded down; default: 1 for every branch',
      }),
    ),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Lan et al. 2018: layers up to a stage are shared, those behind it are there once per branch, each with initial weights of
 * its own. Layers `branch<i>-…`; taps `branch<i>.stage3`, `branch<i>.penultimate`, `branch<i>.logits`, i = 1…n; the trunk's
 * under their own names, and `trunk` at the split. `penultimate` and `logits` are those of branch 1. With `widths` the
 * branches are channel-thinned copies (Walawalkar et al. 2020). Initial weights as in the family.
 */
export const multiBranch: ModelFamily = {
  name: 'multi-branch',
  title: 'Branched network',
  summary: 'Any other family with a shared trunk and several branches behind one of its stages, each as wide as asked.',
  paper: {
    title: 'Knowledge Distillation by On-the-Fly Native Ensemble',
    authors: 'Lan, Zhu, Gong',
    venue: 'NeurIPS',
    year: 2018,
  },
  tasks: ['classification'],
  parameters,
  check(params, signature) {
    const given = params as Params
    const base = baseOf(given, signature)
    if (!base.ok) return [...base.faults]
    const own = [...splitFaults(given, base.splits), ...widthFaults(given)]
    return own.length > 0 ? own : fitFaults(given, signature, base.splits)
  },
  architecture: (params, signature) => branched(params as Params, signature),
}

function branched({ family: name, params, split, branches, widths }: Params, signature: Signature): Architecture {
  const family = familyOf(name)
  const resolved = resolveParams(family, params, '/params')
  const inner = resolved.ok ? resolved.value : params
  const after = stageOf(split)
  const networks = Array.from({ length: branches }, (_, i) =>
    family.widened(inner, signature, { factor: widths?.[i] ?? 1, after }),
  )
  return branchOut({ networks, split: networks[0]?.taps[split] ?? split })
}

type Base = { ok: true; splits: readonly string[] } | { ok: false; faults: readonly ParamFault[] }

/** The network without branches, as far as it says where it can split. */
function baseOf({ family: name, params }: Params, signature: Signature): Base {
  const family = familyOf(name)
  const resolved = resolveParams(family, params, '/params')
  if (!resolved.ok) return resolved
  const faults = family
    .check(resolved.value, signature)
    .map((fault) => ({ ...fault, path: fault.path === '' ? '' : `/params${fault.path}` }))
  if (faults.length > 0) return { ok: false, faults }
  const { taps } = family.architecture(resolved.value, signature)
  return { ok: true, splits: Object.keys(taps).filter((tap) => SPLIT.test(tap)) }
}

function familyOf(name: string) {
  const family = BRANCHABLE_FAMILIES.find((one) => one.name === name)
  if (family === undefined) throw new Error(`The parameters passed a check that knows no family ${name}.`)
  return family
}

const SPLIT = /^(stem|stage\d+)$/

function stageOf(split: string): number {
  return split === 'stem' ? 0 : Number(split.slice('stage'.length))
}

function splitFaults({ family, split }: Params, splits: readonly string[]): ParamFault[] {
  if (splits.includes(split)) return []
  const message = `this network of the family ${family} has no such place to branch`
  return [{ path: '/split', message, expected: `one of ${splits.join(', ')}`, received: split }]
}

function widthFaults({ branches, widths }: Params): ParamFault[] {
  if (widths === undefined || widths.length === branches) return []
  const message = 'each branch needs a width'
  return [{ path: '/widths', message, expected: `${branches} numbers`, received: `${widths.length}` }]
}

/** Widths that a branch cannot have behind this split, or that change nothing there. */
function fitFaults(given: Params, signature: Signature, splits: readonly string[]): ParamFault[] {
  const problem = problemOf(given, signature)
  if (problem === null) return []
  const others = splits.filter((split) => problemOf({ ...given, split }, signature) === null)
  const expected = others.length > 0 ? `a split at ${others.join(' or ')}, or other widths` : 'other widths'
  const received = `${given.split} with widths ${given.widths?.join(', ') ?? '1'}`
  return [{ path: '/split', message: `the branches do not fit: ${problem}`, expected, received }]
}

function problemOf(given: Params, signature: Signature): string | null {
  const [fault] = describeArchitecture(branched(given, signature)).faults
  if (fault !== undefined) return `${fault.message} (expected ${fault.expected}; received ${fault.received})`
  const { widths, ...plain } = given
  if (widths === undefined || widths.every((factor) => factor === 1)) return null
  const same = JSON.stringify(branched(given, signature)) === JSON.stringify(branched(plain, signature))
  return same ? `no layer behind ${given.split} has a width` : null
}
