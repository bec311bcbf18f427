// Bytes of a file, or a part of them, moved to memory that loader threads share.
import { sharedBytes } from '@stillhouse/engine'

export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = sharedBytes(bytes.length)
  copy.set(bytes)
  return copy
}
