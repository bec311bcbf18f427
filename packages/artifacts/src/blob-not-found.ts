// The one text for content that is not there.
import { ApiError } from '@stillhouse/kit'

export function blobNotFound(sha256: string): ApiError {
  return new ApiError('blob.not_found', `No content with sha256 ${sha256} is stored. Upload it first.`)
}
