// What a service has only one of, without every use case being handed it.
import type { JobContext } from './job-context.ts'

/** Makes it when it is first asked for in a context, and gives the same ever after. */
export function perContext<T>(create: (context: JobContext) => T): (context: JobContext) => T {
  const made = new WeakMap<JobContext, { readonly value: T }>()
  return (context) => {
    const { value } = made.get(context) ?? { value: create(context) }
    if (!made.has(context)) made.set(context, { value })
    return value
  }
}
