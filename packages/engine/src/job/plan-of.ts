// A method's plan, whichever kind of method it is.
import type { Method, MethodSetup, Plan } from '../contracts/method.ts'
import { composePlan } from './compose-plan.ts'
import { onlyStage } from './resolve-method.ts'

/** @param setup with the method's own `params` */
export function planOf(method: Method, setup: MethodSetup): Plan {
  if ('plan' in method) return method.plan(setup)
  return composePlan(setup, [onlyStage({ entry: method, params: setup.params as object as never, path: '/method' })])
}
