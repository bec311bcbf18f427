// Under which name kept outputs are found again. Everything that one bit of them depends on is in the key: a resumed job
// must not be served what another way of computing made.
import { createHash } from 'node:crypto'
import { canonicalJson } from '@stillhouse/spec'
import { sha256 } from '../checkpoint/checkpoint-manifest.ts'
import type { StreamPlan } from '../data/batch-source.ts'
import { ENGINE_VERSION } from '../engine-version.ts'

export interface OutputKey {
  /** Digest of the teacher. */
  readonly teacher: string
  readonly tap: string
  /** Digest of the data set. */
  readonly data: string
  /** What the samples look like: `viewDigest`. */
  readonly view: string
  /** How the teacher ran: device, batch size, tracing. */
  readonly run: unknown
}

export function outputKey(key: OutputKey): string {
  return sha256(canonicalJson({ kind: 'teacher output', ENGINE_VERSION, ...key }))
}

/** What the look of an augmented sample depends on besides the sample, and which samples an epoch has. */
export interface AugmentedView {
  readonly seed: number
  readonly epoch: number
  readonly batchSize: number
}

/**
 * sha256 over the samples of a stream and how they look. Labels do not count.
 * @param augmented null when a sample always looks the same
 */
export function viewDigest(stream: StreamPlan, augmented: AugmentedView | null): string {
  const { view, inputShape, augment, part, draw = 'shuffle' } = stream
  const { indices, normalise } = view
  const hash = createHash('sha256')
  hash.update(Buffer.from(indices.buffer, indices.byteOffset, indices.byteLength))
  const drawn = augmented && { ...augmented, augment, part, draw }
  hash.update(canonicalJson({ normalise, inputShape, drawn }))
  return hash.digest('hex')
}
