// A model that a spec names, as far as it can be known without tensors: its architecture, or every reason against it.
import type { Fault, JobSpec } from '@stillhouse/spec'
import type { ArchitectureDescription } from '../architecture/describe-architecture.ts'
import type { Architecture } from '../contracts/architecture.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { Shelves } from '../contracts/shelves.ts'
import type { Checked } from './checked.ts'
import { type DescribedArchitecture, describedArchitecture } from './described-architecture.ts'
import { findEntry } from './find-entry.ts'
import { type Params, resolveParams } from './resolve-params.ts'

export interface DescribedModel extends DescribedArchitecture {
  /** Checked, defaults filled in. */
  readonly params: Params
}

export interface DescribeModel {
  readonly shelves: Shelves
  readonly task: JobSpec['task']
  readonly model: string
  readonly params: unknown
  /** JSON Pointer of the model in the spec, e.g. `/student`. */
  readonly path: string
  /** Null when the data set has faults of its own; then the parameters alone are checked. */
  readonly signature: Signature | null
}

export function describeModel({
  shelves,
  task,
  model,
  params,
  path,
  signature,
}: DescribeModel): Checked<DescribedModel> {
  const found = findEntry({ shelf: shelves.models, kind: 'model', name: model, path: `${path}/model`, task })
  if (!found.ok) return found
  const family = found.value
  const resolved = resolveParams(family, params, `${path}/params`)
  if (!resolved.ok) return resolved
  if (signature === null) return { ok: false, faults: [] }
  const own = family.check(resolved.value, signature)
  if (own.length > 0) return { ok: false, faults: own.map((fault) => under(`${path}/params`, fault)) }
  const { architecture, description } = describedArchitecture(family, resolved.value, signature)
  const faults = [...description.faults, ...fitFaults(architecture, description, signature)]
  if (faults.length === 0) return { ok: true, value: { architecture, description, params: resolved.value } }
  // Paths into an architecture mean nothing to whoever wrote the spec: the parameters made it.
  return { ok: false, faults: faults.map((fault) => ({ ...fault, path: `${path}/params` })) }
}

/** Puts a fault under the pointer of what it is about. */
export function under(path: string, fault: Fault): Fault {
  return { ...fault, path: `${path}${fault.path}` }
}

function fitFaults(
  { output, inputShape }: Architecture,
  { shapes }: ArchitectureDescription,
  signature: Signature,
): Fault[] {
  const checks = [
    { what: 'takes samples of another shape than the data', shape: inputShape, expected: signature.inputShape },
    {
      what: 'answers with another shape than one number per class',
      shape: shapes.get(output),
      expected: [signature.classes],
    },
  ]
  return checks
    .filter(({ shape, expected }) => shape !== undefined && shape.join() !== expected.join())
    .map(({ what, shape, expected }) => ({
      path: '',
      message: `the model ${what}`,
      expected: `[${expected.join(', ')}]`,
      received: `[${shape?.join(', ')}]`,
    }))
}
