// Which of a player's variables an optimiser moves, and which of them have a rate or decay of their own.
import type { OptimizerGroup, OptimizerSpec } from '@stillhouse/spec'
import type { Variable } from '../contracts/tf.ts'
import type { ParameterGroup } from '../optimizers/parameter-group.ts'
import { matchesGlob } from './matches-glob.ts'

export interface PlayerVariables {
  readonly spec: OptimizerSpec
  readonly variables: readonly Variable[]
  /** Every variable of the run by its name, `role/layer/weight`. */
  readonly named: ReadonlyMap<string, Variable>
}

/** The first group of the spec that matches a variable's name counts. */
export function playerVariables({ spec, variables, named }: PlayerVariables) {
  const names = new Map([...named].map(([name, variable]) => [variable, name] as const))
  const groupOf = (variable: Variable) =>
    spec.groups?.find(({ match }) => matchesGlob(match, names.get(variable) ?? variable.name))
  const moved = variables.filter((variable) => groupOf(variable)?.frozen !== true)
  const groups = (spec.groups ?? [])
    .map((group) =>
      parameterGroup(
        spec,
        group,
        moved.filter((variable) => groupOf(variable) === group),
      ),
    )
    .filter((group) => group.variables.length > 0)
  return { variables: moved, groups }
}

function parameterGroup(
  spec: OptimizerSpec,
  { learningRate, weightDecay }: OptimizerGroup,
  variables: readonly Variable[],
): ParameterGroup {
  return {
    variables,
    ...(learningRate === undefined ? {} : { learningRate: learningRate / spec.learningRate }),
    ...(weightDecay === undefined ? {} : { weightDecay }),
  }
}
