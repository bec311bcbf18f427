// What a checkpoint folder says about itself: state, files with their digests, tensors with their places. The manifest
// carries a digest of itself, so that damage anywhere in the folder shows.
import { hash } from 'node:crypto'
import { canonicalJson } from '@stillhouse/spec'

export const CHECKPOINT_FORMAT = 1
export const MANIFEST = 'manifest.json'

export interface CheckpointFile {
  /** Bytes. */
  readonly size: number
  readonly sha256: string
  readonly tensors: readonly StoredTensor[]
}

/** Values follow one another in the file, little-endian, without gaps. */
interface StoredTensor {
  readonly name: string
  readonly dtype: 'float32' | 'int32'
  readonly shape: readonly number[]
}

export interface CheckpointManifest {
  readonly format: typeof CHECKPOINT_FORMAT
  /** Counts up in a job. */
  readonly number: number
  /** Says of which run this is a state: a checkpoint of another is of no use. */
  readonly fingerprint: string
  /** Plain JSON of whoever trains. */
  readonly state: unknown
  readonly files: Readonly<Record<string, CheckpointFile>>
}

export function sha256(bytes: string | Uint8Array): string {
  return hash('sha256', bytes)
}

export function encodeManifest(manifest: CheckpointManifest): string {
  return `${JSON.stringify({ ...manifest, digest: sha256(canonicalJson(manifest)) })}\n`
}

/** @throws Error saying what is wrong with the text */
export function decodeManifest(text: string): CheckpointManifest {
  const { digest, ...manifest } = JSON.parse(text) as CheckpointManifest & { digest: string }
  if (manifest.format !== CHECKPOINT_FORMAT)
    throw new Error(`${MANIFEST} has format ${manifest.format}, expected ${CHECKPOINT_FORMAT}`)
  if (digest !== sha256(canonicalJson(manifest))) throw new Error(`${MANIFEST} does not have the digest it names`)
  return manifest
}
