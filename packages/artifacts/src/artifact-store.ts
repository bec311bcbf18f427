// The contract of the artifact store: immutable content under its own sha256.
import type { Readable } from 'node:stream'

export interface ArtifactStore {
  has(sha256: string): Promise<boolean>
  /** Bytes stored under the digest. @throws ApiError blob.not_found */
  size(sha256: string): Promise<number>
  /**
   * Stores the stream under its digest, visible only when complete and right; storing it twice is harmless.
   * @throws ApiError blob.digest_mismatch when the content has another digest; nothing is kept then
   */
  put(sha256: string, content: Readable): Promise<void>
  /** The whole content or bytes start..end (both inclusive). @throws ApiError blob.not_found */
  get(sha256: string, range?: { start: number; end: number }): Promise<Readable>
  delete(sha256: string): Promise<void>
  /** Rejects when the store cannot be written to. */
  ping(): Promise<void>
  close(): Promise<void>
}
