// Keys of what is drawn for a stream of batches. The main stream (null) has the plain keys; others add their name.
import { type RandomKey, randomKey } from '../random/random-key.ts'

export interface StreamIdentity {
  readonly seed: number
  /** Null for the main stream. */
  readonly name: string | null
}

export function streamKey({ seed, name }: StreamIdentity, what: string, ...parts: readonly number[]): RandomKey {
  return name === null ? randomKey(seed, what, ...parts) : randomKey(seed, what, name, ...parts)
}
