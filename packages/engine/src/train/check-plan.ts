// Faults of a method's plan that would otherwise show late or never: a state that no checkpoint holds, two players of one
// role.
import type { Plan, Stage } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'

export interface CheckPlan {
  readonly plan: Plan
  /** Stages of the plans before it. */
  readonly before: readonly Stage[]
  /** Every variable that a checkpoint holds. */
  readonly kept: Iterable<Variable>
}

/** @throws Error naming stage and player or update: a fault of the method */
export function checkPlan({ plan, before, kept }: CheckPlan): void {
  const stages = [...before, ...plan.stages]
  const names = stages.map(({ name }) => name)
  if (new Set(names).size < names.length)
    throw new Error(`The stages of a plan need different names; received ${names.join(', ')}.`)
  checkShares(stages, plan.next !== undefined)
  const known = new Set(kept)
  for (const stage of plan.stages) checkStage(stage, known)
}

function checkShares(stages: readonly Stage[], more: boolean): void {
  const shares = stages.map(({ share }) => share)
  const sum = shares.reduce((total, share) => total + share, 0)
  const fits = more ? sum < 1 : Math.abs(sum - 1) <= 1e-6
  if (fits && shares.every((share) => share >= 0)) return
  const expected = more ? 'be ≥ 0 and leave some of 1 to the plan that follows' : 'be ≥ 0 and sum to 1'
  throw new Error(`The shares of a plan's stages must ${expected}; received ${shares.join(' + ')}.`)
}

function checkStage({ name, players, updates }: Stage, known: ReadonlySet<Variable>): void {
  const roles = players.map(({ role }) => role)
  if (new Set(roles).size < roles.length)
    throw new Error(
      `Stage "${name}": two players have one role. Expected different ones; received ${roles.join(', ')}.`,
    )
  for (const { role, variables } of players) checkKept(`player "${role}" of stage "${name}"`, variables, known)
  for (const update of updates)
    if (update.kind === 'state') checkKept(`update "${update.name}" of stage "${name}"`, update.changes, known)
}

function checkKept(who: string, variables: readonly Variable[], known: ReadonlySet<Variable>): void {
  const lost = variables.filter((variable) => !known.has(variable))
  if (lost.length === 0) return
  throw new Error(
    `The ${who} changes variables that no checkpoint holds. Expected those of networks from build() and of state(); received ${lost.map(({ name }) => name).join(', ')}.`,
  )
}
