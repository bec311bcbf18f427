// One training step as a plain tfjs function: every update of a stage in order. It is run as it is, or traced once.
import type { GradientUpdate, Stage, StateUpdate } from '../contracts/method.ts'
import type { Scalar, Tensor, Tf, Variable } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'
import type { Optimizer } from '../optimizers/create-optimizer.ts'
import { type StepScope, stepContext } from './step-context.ts'

export interface StepPlan {
  readonly stage: Stage
  /** By role of the stage's players. */
  readonly optimizers: ReadonlyMap<string, Optimizer>
  /** Learning rate of this step, by role. */
  rate(role: string): Scalar
}

/** What is logged: a part of what is minimised, or, under a name that begins with `value.`, something to look at. */
export interface LoggedValue {
  readonly name: string
  readonly value: Tensor
}

/** Prefix of logged values that are no part of a loss. */
export const VALUE = 'value.'

/** Runs the step; call inside tf.tidy. @returns what all updates have to log, in order */
export function runUpdates(scope: StepScope, plan: StepPlan): LoggedValue[] {
  const gradientUpdates = plan.stage.updates.filter((update) => update.kind === 'gradient')
  return plan.stage.updates.flatMap((update) => {
    const parts = update.kind === 'gradient' ? gradientStep(scope, plan, update) : stateStep(scope, update)
    applyStatistics(scope)
    const several = update.kind === 'gradient' && gradientUpdates.length > 1
    return several ? parts.map((part) => ({ ...part, name: `${update.name}.${part.name}` })) : parts
  })
}

/**
 * The losses of a step without their gradients: what is learnt by running them once, at a fraction of the cost.
 * Nothing is changed; call inside tf.tidy.
 */
export function rehearseLosses(scope: StepScope, stage: Stage): void {
  for (const update of stage.updates) {
    if (update.kind === 'gradient') update.loss(stepContext(scope))
    for (const { value } of scope.moved.splice(0)) value.dispose()
  }
}

function stateStep(scope: StepScope, update: StateUpdate): LoggedValue[] {
  const values = update.run(stepContext(scope)) ?? {}
  return Object.entries(values).map(([name, value]) => ({ name: `${VALUE}${name}`, value }))
}

function gradientStep(scope: StepScope, { stage, optimizers, rate }: StepPlan, update: GradientUpdate): LoggedValue[] {
  const { tf } = scope
  const trained = update.trains.map((role) => [role, optimizerOf(stage, optimizers, role)] as const)
  const variables = [...new Set(trained.flatMap(([, optimizer]) => optimizer.variables))]
  const context = stepContext(scope)
  if (variables.length === 0) throw nothingToTrain(stage, update)
  let parts: LoggedValue[] = []
  const loss = () => {
    parts = Object.entries(update.loss(context)).map(([name, value]) => ({ name, value: tf.keep(value) }))
    if (parts.length === 0) throw new Error(`The update "${update.name}" has no loss part.`)
    return tf.addN(parts.map(({ value }) => value)) as Scalar
  }
  const { grads } = gradientsOf(() => tf.variableGrads(loss, variables), nothingToTrain(stage, update))
  for (const [role, optimizer] of trained)
    optimizer.apply(
      optimizer.variables.map((variable) => grads[variable.name]),
      rate(role),
    )
  return parts.map((part) => released(tf, part))
}

/** tfjs knows of losses that reach no variable only by its message. */
function gradientsOf<T>(gradients: () => T, unreached: TrainingError): T {
  try {
    return gradients()
  } catch (error) {
    throw String(error).includes('Cannot find a connection between any variable') ? unreached : error
  }
}

function nothingToTrain({ name }: Stage, { trains }: GradientUpdate): TrainingError {
  return new TrainingError(
    'spec.rejected',
    `The stage "${name}" trains nothing. Expected weights of ${trains.join(', ')} that its losses depend on and that nothing freezes; received none. Look at train and freeze of the stage, and at optimizer.groups.`,
  )
}

function optimizerOf(stage: Stage, optimizers: ReadonlyMap<string, Optimizer>, role: string): Optimizer {
  const optimizer = optimizers.get(role)
  if (optimizer !== undefined) return optimizer
  const roles = [...optimizers.keys()].join(', ')
  throw new Error(`The stage "${stage.name}" trains "${role}", which is no player of it. Players: ${roles || 'none'}.`)
}

/** Moves a value that outlived the gradient's scope back under the caller's tidy. */
function released(tf: Tf, part: LoggedValue): LoggedValue {
  const own = tf.clone(part.value)
  part.value.dispose()
  return { ...part, value: own }
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
