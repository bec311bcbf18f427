// Weights with a rate or decay of their own, resolved to what holds for each variable.
import type { OptimizerSpec } from '@stillhouse/spec'
import type { Variable } from '../contracts/tf.ts'

export interface ParameterGroup {
  readonly variables: readonly Variable[]
  /** Factor of the step's learning rate, default 1. */
  readonly learningRate?: number
  /** In place of the optimiser's, for every variable of the group: vectors too. */
  readonly weightDecay?: number
}

/** What holds for one variable. */
export interface VariableSetting {
  readonly rateFactor: number
  readonly weightDecay: number
}

/**
 * @returns in the order of `variables`; those in no group follow the spec
 * @throws Error when a group has a variable that the optimiser does not move, or that another group has
 */
export function variableSettings(
  spec: OptimizerSpec,
  variables: readonly Variable[],
  groups: readonly ParameterGroup[],
): VariableSetting[] {
  const groupOf = new Map<Variable, ParameterGroup>()
  for (const group of groups)
    for (const variable of group.variables) {
      const fault = groupOf.has(variable) ? 'is in two groups' : 'is not among its variables'
      if (groupOf.has(variable) || !variables.includes(variable))
        throw new Error(`The optimiser cannot be made: the variable "${variable.name}" of a group ${fault}.`)
      groupOf.set(variable, group)
    }
  return variables.map((variable) => {
    const group = groupOf.get(variable)
    return { rateFactor: group?.learningRate ?? 1, weightDecay: group?.weightDecay ?? usualDecay(spec, variable) }
  })
}

/** Batch norm and biases are vectors; kernels have two axes or more. */
function usualDecay(spec: OptimizerSpec, variable: Variable): number {
  return variable.rank >= 2 || spec.decayNormAndBias === true ? (spec.weightDecay ?? 0) : 0
}
