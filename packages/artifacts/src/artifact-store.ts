// The contract of the artifact store: immutable content under its own sha256.
import type { Readable } from 'node:stream'

/**
 * Every method takes the digest as 64 lower-case hex digits and throws ApiError request.invalid for anything else,
 * so a name that came over the network can never become a path. A store that cannot do its work (disk full,
 * bucket gone, no network) throws ApiError service.unavailable with the cause.
 */
export interface ArtifactStore {
  has(sha256: string): Promise<boolean>
  /** Bytes stored under the digest. @throws ApiError blob.not_found */
  size(sha256: string): Promise<number>
  /**
   * Stores the stream under its digest, visible only when complete and right; storing it twice is harmless.
   * @throws ApiError blob.digest_mismatch when the content has another digest; nothing is kept then
   */
  put(sha256: string, content: Readable): Promise<void>
  /**
   * Stores the stream under the digest that it turns out to have, hashing it as it comes.
   * @param announce awaited when the digest is known and before the content is kept; nothing is kept when it rejects
   */
  add(content: Readable, announce?: (sha256: string) => Promise<void>): Promise<StoredContent>
  /**
   * The whole content or bytes start..end (both inclusive; an end past the last byte means the last byte).
   * @throws ApiError blob.not_found, artifact.range_not_satisfiable when the range holds no stored byte
   */
  get(sha256: string, range?: ByteRange): Promise<Readable>
  /** Removes the content; a digest that is not there is no error. */
  delete(sha256: string): Promise<void>
  /** At most `limit` (1..1000) blobs in the order of their digests, after the one given; fewer only at the end. */
  list(after: string, limit: number): Promise<StoredBlob[]>
  /** Names of uploads that were begun more than a day ago and never finished, as far as the store keeps them. */
  leftovers(): Promise<string[]>
  /** Removes such an upload; one that is not there is no error. */
  removeLeftover(name: string): Promise<void>
  /** Rejects when the store cannot be written to. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface StoredContent {
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

export interface StoredBlob extends StoredContent {
  readonly storedAt: Date
}

/** Bytes start..end, both inclusive, counted from 0. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}
