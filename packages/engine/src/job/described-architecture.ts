// The architecture that a family makes of its parameters. Sweeps send the same models over and over, and a large network
// takes a millisecond to lay out and count, so the last ones are kept.
import { canonicalJson } from '@stillhouse/spec'
import { type ArchitectureDescription, describeArchitecture } from '../architecture/describe-architecture.ts'
import type { Architecture } from '../contracts/architecture.ts'
import type { ModelFamily } from '../contracts/model-family.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { Params } from './resolve-params.ts'

export interface DescribedArchitecture {
  readonly architecture: Architecture
  readonly description: ArchitectureDescription
}

const MOST_KEPT = 256
const kept = new WeakMap<ModelFamily, Map<string, DescribedArchitecture>>()

/** @param params that the family's own check has passed */
export function describedArchitecture(
  family: ModelFamily,
  params: Params,
  signature: Signature,
): DescribedArchitecture {
  const ofFamily = kept.get(family) ?? new Map<string, DescribedArchitecture>()
  kept.set(family, ofFamily)
  const key = canonicalJson([params, signature])
  const described = ofFamily.get(key) ?? describe(family.architecture(params, signature))
  // what was asked for last goes last, so that the first is the one to forget
  ofFamily.delete(key)
  ofFamily.set(key, described)
  const [oldest = key] = ofFamily.keys()
  if (ofFamily.size > MOST_KEPT) ofFamily.delete(oldest)
  return described
}

function describe(architecture: Architecture): DescribedArchitecture {
  return { architecture, description: describeArchitecture(architecture) }
}
