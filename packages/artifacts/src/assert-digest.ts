// The gate before every path and key: only a sha256 in lower-case hex passes.
import { ApiError } from '@stillhouse/kit'

/** Returns the digest itself. @throws ApiError request.invalid when it is not 64 lower-case hex digits */
export function assertDigest(sha256: string): string {
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256
  throw new ApiError(
    'request.invalid',
    `A blob is named by its sha256: expected 64 lower-case hex digits, received ${JSON.stringify(sha256.slice(0, 80))}.`,
  )
}
