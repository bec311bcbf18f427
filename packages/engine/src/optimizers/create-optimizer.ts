// An optimiser of one player: accumulation, clipping and weight decay around one of the rules, all state in tf.Variables
// that a checkpoint can hold and a traced step can keep in its session.
import type { OptimizerSpec } from '@stillhouse/spec'
import type { Scalar, Tensor, Tf, Variable } from '../contracts/tf.ts'
import { createAccumulator } from './accumulate-gradients.ts'
import { adamRule } from './adam-rule.ts'
import { clipGradients } from './clip-gradients.ts'
import { type ParameterGroup, type VariableSetting, variableSettings } from './parameter-group.ts'
import { rmspropRule } from './rmsprop-rule.ts'
import { sgdRule } from './sgd-rule.ts'
import type { RuleSetup, UpdateRule } from './update-rule.ts'

export interface Optimizer {
  readonly spec: OptimizerSpec
  readonly variables: readonly Variable[]
  /** State by name, in a fixed order. */
  readonly slots: ReadonlyMap<string, Variable>
  /**
   * One step; call inside tf.tidy.
   * @param gradients in the order of `variables`; a variable without a gradient stays as it is
   * @param rate the learning rate of this step
   */
  apply(gradients: readonly (Tensor | undefined)[], rate: Scalar): void
  dispose(): void
}

export interface CreateOptimizer {
  readonly tf: Tf
  readonly spec: OptimizerSpec
  readonly variables: readonly Variable[]
  /** Parts of `variables` with a rate or decay of their own. */
  readonly groups?: readonly ParameterGroup[]
  /** Batches whose gradients are averaged before the weights move, ≥ 1; default 1. */
  readonly accumulate?: number
}

const RULES: Record<OptimizerSpec['name'], (setup: RuleSetup) => UpdateRule> = {
  sgd: sgdRule,
  adam: adamRule,
  adamw: adamRule,
  rmsprop: rmspropRule,
}

/** @throws Error when a group has a variable that is not in `variables`, or that another group has */
export function createOptimizer({ tf, spec, variables, groups = [], accumulate = 1 }: CreateOptimizer): Optimizer {
  const settings = variableSettings(spec, variables, groups)
  const slots = new Map<string, Variable>()
  const slot = (name: string, initial: Tensor): Variable => {
    const variable = tf.variable(initial, false)
    initial.dispose()
    slots.set(name, variable)
    return variable
  }
  const setup = { tf, spec, variables, slot }
  const rule = RULES[spec.name](setup)
  const accumulator = createAccumulator(setup, accumulate)
  return {
    spec,
    variables,
    slots,
    apply: (batchGradients, rate) => {
      const { gradients, set } = accumulator.add(batchGradients)
      const clipped = clipGradients(tf, gradients, spec.clipNorm)
      const step = rule.begin(set)
      const rateOf = scaledRates(tf, rate)
      variables.forEach((variable, index) => {
        const gradient = clipped[index]
        const setting = settings[index] as VariableSetting
        if (gradient === undefined) return
        const decayed = decay(tf, spec, { variable, gradient, ...setting, rate: rateOf(setting.rateFactor) })
        set(variable, step.move({ index, ...decayed }))
      })
    },
    dispose: () => {
      for (const variable of slots.values()) variable.dispose()
    },
  }
}

/** The rate times a factor, computed once for each. */
function scaledRates(tf: Tf, rate: Scalar): (factor: number) => Scalar {
  const rates = new Map([[1, rate]])
  return (factor) => {
    const scaled = rates.get(factor) ?? tf.mul(rate, factor)
    rates.set(factor, scaled)
    return scaled
  }
}

interface Decay extends VariableSetting {
  readonly variable: Variable
  readonly gradient: Tensor
  readonly rate: Scalar
}

/** L2 decay enters the gradient; AdamW's shrinks the weight itself. */
function decay(tf: Tf, spec: OptimizerSpec, { variable, gradient, rate, weightDecay }: Decay) {
  if (weightDecay === 0) return { weight: variable, gradient, rate }
  if (spec.name !== 'adamw')
    return { weight: variable, gradient: tf.add(gradient, tf.mul(variable, weightDecay)), rate }
  return { weight: tf.mul(variable, tf.sub(1, tf.mul(rate, weightDecay))), gradient, rate }
}
