// An optimiser of one player: clipping and weight decay around one of the rules, all state in tf.Variables that a
// checkpoint can hold and a traced step can keep in its session.
import type { OptimizerSpec } from '@stillhouse/spec'
import type { Scalar, Tensor, Tf, Variable } from '../contracts/tf.ts'
import { adamRule } from './adam-rule.ts'
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
}

const RULES: Record<OptimizerSpec['name'], (setup: RuleSetup, spec: OptimizerSpec) => UpdateRule> = {
  sgd: sgdRule,
  adam: adamRule,
  adamw: adamRule,
  rmsprop: rmspropRule,
}

export function createOptimizer({ tf, spec, variables }: CreateOptimizer): Optimizer {
  const slots = new Map<string, Variable>()
  const slot = (name: string, initial: Tensor): Variable => {
    const variable = tf.variable(initial, false)
    initial.dispose()
    slots.set(name, variable)
    return variable
  }
  const size = variables.reduce((sum, variable) => sum + variable.size, 0)
  const rule = RULES[spec.name]({ tf, size, slot }, spec)
  return {
    spec,
    variables,
    slots,
    apply: (gradients, rate) => {
      const flat = endToEnd(tf, variables, (variable, i) => gradients[i] ?? tf.zerosLike(variable))
      const direction = rule(withDecay(tf, clipped(tf, flat, spec.clipNorm), { spec, variables }))
      const steps = tf.split(
        tf.mul(direction, rate),
        variables.map((variable) => variable.size),
      )
      variables.forEach((variable, i) => {
        if (gradients[i] !== undefined) move(tf, variable, { step: steps[i] as Tensor, rate, spec })
      })
    },
    dispose: () => {
      for (const variable of slots.values()) variable.dispose()
    },
  }
}

function endToEnd(tf: Tf, variables: readonly Variable[], read: (variable: Variable, i: number) => Tensor): Tensor {
  return tf.concat(variables.map((variable, i) => tf.reshape(read(variable, i), [variable.size])))
}

/** Scales the whole gradient down to the norm `limit` (Pascanu et al. 2013). */
function clipped(tf: Tf, gradient: Tensor, limit: number | undefined): Tensor {
  if (limit === undefined) return gradient
  const norm = tf.sqrt(tf.sum(tf.square(gradient)))
  return tf.mul(gradient, tf.div(limit, tf.maximum(norm, limit)))
}

/** Batch norm and biases are vectors; kernels have two axes or more. */
function decays(variable: Variable, spec: OptimizerSpec): boolean {
  return (spec.weightDecay ?? 0) > 0 && (variable.rank >= 2 || spec.decayNormAndBias === true)
}

/** L2 decay enters the gradient; AdamW's does not. */
function withDecay(
  tf: Tf,
  gradient: Tensor,
  { spec, variables }: { spec: OptimizerSpec; variables: readonly Variable[] },
): Tensor {
  if (spec.name === 'adamw' || !variables.some((variable) => decays(variable, spec))) return gradient
  const decayed = endToEnd(tf, variables, (variable) => (decays(variable, spec) ? variable : tf.zerosLike(variable)))
  return tf.add(gradient, tf.mul(decayed, spec.weightDecay ?? 0))
}

interface Move {
  readonly step: Tensor
  readonly rate: Scalar
  readonly spec: OptimizerSpec
}

function move(tf: Tf, variable: Variable, { step, rate, spec }: Move): void {
  const shaped = tf.reshape(step, variable.shape)
  const decoupled = spec.name === 'adamw' && decays(variable, spec)
  const kept = decoupled ? tf.mul(variable, tf.sub(1, tf.mul(rate, spec.weightDecay ?? 0))) : variable
  variable.assign(tf.sub(kept, shaped))
}
