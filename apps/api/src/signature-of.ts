// What the data of a job looks like, told by the data shelf without reading anything: what a teacher taken from
// elsewhere has to fit.
import type { Shelves, Signature } from '@stillhouse/engine'
import type { JobSpec } from '@stillhouse/spec'
import { Value } from 'typebox/value'

/**
 * Shape of the samples and number of classes of a job's data set; null when the shelf has no such set or its parameters
 * are faulty, which `checkJob` reports.
 */
export function signatureOf({ data }: Pick<JobSpec, 'data'>, shelves: Pick<Shelves, 'data'>): Signature | null {
  const entry = shelves.data.find(({ name }) => name === data.name)
  if (entry === undefined) return null
  const params = Value.Default(entry.parameters, structuredClone(data.params ?? {}))
  return Value.Check(entry.parameters, params) ? entry.signature(params) : null
}
