// What a search for units cannot do, found at submit: networks whose units cannot be taken out, budgets that no choice of
// units meets.
import type { Architecture, JobFault, MethodJob, ParamFault } from '@stillhouse/engine'
import { canonicalJson } from '@stillhouse/spec'
import { type BudgetMeasure, networkCost } from './choose-units.ts'
import type { KeptUnits } from './smaller-network.ts'
import { type UnitLayer, unitChain } from './unit-chain.ts'

export interface SearchParams {
  readonly select: 'gates' | 'zeros' | 'random' | 'norm'
  readonly searchShare: number
  readonly lambda2: number
  readonly measure: BudgetMeasure
  readonly budget: number
}

/** The other choices are controls: made from the teacher alone. */
export const looksAtGates = ({ select }: Pick<SearchParams, 'select'>) => select === 'gates' || select === 'zeros'

export function searchFaults(params: SearchParams, job: MethodJob): (ParamFault | JobFault)[] {
  return [...networkFaults(job), ...gateFaults(params), ...budgetFaults(params, job)]
}

/** The most of `measure`. A share that is a whole number but for its last digit is that number. */
export function budgetOf(
  { budget, measure }: SearchParams,
  architecture: Architecture,
  layers: readonly UnitLayer[],
): number {
  return (budget < 1 ? budget * networkCost(architecture, unitsOf(layers), measure) : budget) + 1e-9
}

/** @param count of each layer; default all */
function unitsOf(layers: readonly UnitLayer[], count = Number.POSITIVE_INFINITY): KeptUnits {
  return Object.fromEntries(
    layers.map(({ name, units }) => [name, Array.from({ length: Math.min(units, count) }, (_, unit) => unit)]),
  )
}

function networkFaults({ student, teachers, teacherTraits }: MethodJob): JobFault[] {
  const chain = unitChain(student)
  if (!chain.ok) {
    const { message, expected, received } = chain
    return [{ in: 'job', path: '/student', message, expected, received }]
  }
  const [teacher] = teachers
  const path = '/teachers/0'
  if (teacherTraits?.[0]?.foreign === true) {
    const message = 'the search begins with the weights of the teacher, and this one cannot be looked into'
    return [{ in: 'job', path, message, expected: 'a teacher in the format tfjs-layers', received: 'another format' }]
  }
  if (!teacher || canonicalJson(teacher) === canonicalJson(student)) return []
  const message = 'the student is a copy of the teacher that is searched, so both are one model'
  const sizes = [student, teacher].map(
    (one) => `${one.layers.length} layers, ${networkCost(one, {}, 'params')} weights`,
  )
  return [
    {
      ...{ in: 'job', path, message },
      expected: `model and params of the student (${sizes[0]})`,
      received: `another model or other params (${sizes[1]})`,
    },
  ]
}

function gateFaults({ select, searchShare, lambda2 }: SearchParams): ParamFault[] {
  if (!looksAtGates({ select })) return []
  const fault = (path: string, message: string): ParamFault => ({
    ...{ path, message, received: '0' },
    expected: 'above 0, or select: random or norm',
  })
  return [
    ...(searchShare === 0 ? [fault('/searchShare', 'without a search there are no gates to select by')] : []),
    ...(lambda2 === 0 ? [fault('/lambda2', 'nothing makes the gates smaller, so they tell no unit from another')] : []),
  ]
}

function budgetFaults(params: SearchParams, { student }: MethodJob): ParamFault[] {
  const chain = unitChain(student)
  const { select, measure, budget } = params
  if (!chain.ok || select === 'zeros') return []
  const most = budgetOf(params, student, chain.layers)
  const [least, whole] = [unitsOf(chain.layers, 1), unitsOf(chain.layers)].map((kept) =>
    networkCost(student, kept, measure),
  )
  if (least === undefined || whole === undefined || (most >= least && most < whole + 1)) return []
  const message =
    most < least ? 'the budget does not pay for a unit in every layer' : 'the budget is more than the student has'
  const expected = `${least} to ${whole} ${measure}, or a share of them from ${(least / whole).toPrecision(3)} on`
  return [{ path: '/budget', message, expected, received: String(budget) }]
}
