// Faults of a method's plan that would otherwise show late or never: a state that no checkpoint holds, two players of one
// role.
import type { Plan, Stage } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'

/**
 * @param kept every variable that a checkpoint holds
 * @throws Error naming stage and player or update: a fault of the method
 */
export function checkPlan({ stages }: Plan, kept: Iterable<Variable>): void {
  const known = new Set(kept)
  const names = stages.map(({ name }) => name)
  if (new Set(names).size < names.length)
    throw new Error(`The stages of a plan need different names; received ${names.join(', ')}.`)
  const shares = stages.map(({ share }) => share)
  const sum = shares.reduce((total, share) => total + share, 0)
  if (Math.abs(sum - 1) > 1e-6 || shares.some((share) => share < 0))
    throw new Error(`The shares of a plan's stages must be ≥ 0 and sum to 1; received ${shares.join(' + ')}.`)
  for (const stage of stages) checkStage(stage, known)
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
