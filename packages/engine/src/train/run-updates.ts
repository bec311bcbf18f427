// One training step as a plain tfjs function: every update of a stage in order. It is run as it is, or traced once.
import type { GradientUpdate, Stage, StateUpdate } from '../contracts/method.ts'
import type { Scalar, Tensor, Tf, Variable } from '../contracts/tf.ts'
import type { Optimizer } from '../optimizers/create-optimizer.ts'
import { type StepScope, stepContext } from './step-context.ts'

export interface StepPlan {
  readonly stage: Stage
  /** By role of the stage's players. */
  readonly optimizers: ReadonlyMap<string, Optimizer>
  /** Learning rate of this step, by role. */
  rate(role: string): Scalar
}

/** A loss part as it is logged. */
export interface LossPart {
  readonly name: string
  readonly value: Tensor
}

/** Runs the step; call inside tf.tidy. @returns the loss parts of all updates, in order */
export function runUpdates(scope: StepScope, plan: StepPlan): LossPart[] {
  const gradientUpdates = plan.stage.updates.filter((update) => update.kind === 'gradient')
  return plan.stage.updates.flatMap((update) => {
    const parts = update.kind === 'gradient' ? gradientStep(scope, plan, update) : stateStep(scope, update)
    applyStatistics(scope)
    return gradientUpdates.length > 1 ? parts.map((part) => ({ ...part, name: `${update.name}.${part.name}` })) : parts
  })
}

function stateStep(scope: StepScope, update: StateUpdate): LossPart[] {
  update.run(stepContext(scope))
  return []
}

function gradientStep(scope: StepScope, { stage, optimizers, rate }: StepPlan, update: GradientUpdate): LossPart[] {
  const { tf } = scope
  const trained = update.trains.map((role) => [role, optimizerOf(stage, optimizers, role)] as const)
  const variables = [...new Set(trained.flatMap(([, optimizer]) => optimizer.variables))]
  const context = stepContext(scope)
  let parts: LossPart[] = []
  const { grads } = tf.variableGrads(() => {
    parts = Object.entries(update.loss(context)).map(([name, value]) => ({ name, value: tf.keep(value) }))
    if (parts.length === 0) throw new Error(`The update "${update.name}" has no loss part.`)
    return tf.addN(parts.map(({ value }) => value)) as Scalar
  }, variables)
  for (const [role, optimizer] of trained)
    optimizer.apply(
      optimizer.variables.map((variable) => grads[variable.name]),
      rate(role),
    )
  return parts.map((part) => released(tf, part))
}

function optimizerOf(stage: Stage, optimizers: ReadonlyMap<string, Optimizer>, role: string): Optimizer {
  const optimizer = optimizers.get(role)
  if (optimizer !== undefined) return optimizer
  const roles = [...optimizers.keys()].join(', ')
  throw new Error(`The stage "${stage.name}" trains "${role}", which is no player of it. Players: ${roles || 'none'}.`)
}

/** Moves a value that outlived the gradient's scope back under the caller's tidy. */
function released(tf: Tf, { name, value }: LossPart): LossPart {
  const own = tf.clone(value)
  value.dispose()
  return { name, value: own }
}

/** Batch-norm statistics change after the gradient, so that the tape never sees a variable change under it. */
function applyStatistics({ moved }: StepScope): void {
  for (const { variable, value } of moved.splice(0)) {
    variable.assign(value)
    value.dispose()
  }
}

/** All variables that a stage may read or change: what a traced step must keep in its session. */
export function stageVariables(stage: Stage, optimizers: Iterable<Optimizer>): Variable[] {
  return [
    ...stage.players.flatMap((player) => player.variables),
    ...stage.updates.flatMap((update) => (update.kind === 'state' ? update.changes : [])),
    ...[...optimizers].flatMap((optimizer) => [...optimizer.slots.values()]),
  ]
}
