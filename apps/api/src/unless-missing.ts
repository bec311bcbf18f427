// What a job names may not exist: that is a fault of the job, and no error of the service.
import { ApiError } from '@stillhouse/kit'
import type { ApiErrorCode } from '@stillhouse/spec'

/** Null for what does not exist; every other error is the caller's. */
export async function unlessMissing<T>(found: Promise<T>, code: ApiErrorCode): Promise<T | null> {
  try {
    return await found
  } catch (error) {
    if (error instanceof ApiError && error.code === code) return null
    throw error
  }
}
