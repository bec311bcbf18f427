import { API_ERRORS, type ApiErrorCode } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { ApiError } from './api-error.ts'

describe('ApiError', () => {
  it.each(Object.keys(API_ERRORS) as ApiErrorCode[])('carries the HTTP status of %s from the catalogue', (code) => {
    expect(new ApiError(code, 'why').status).toBe(API_ERRORS[code].status)
  })

  it('has its detail as message, and no faults unless given', () => {
    const error = new ApiError('job.not_found', 'There is no job 7. List jobs with GET /v1/jobs.')
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('ApiError')
    expect(error.message).toBe('There is no job 7. List jobs with GET /v1/jobs.')
    expect(error.faults).toEqual([])
  })

  it('keeps its faults and its cause', () => {
    const cause = new Error('underneath')
    const faults = [{ path: '/name', message: 'name is missing', expected: 'text', received: 'nothing' }]
    const error = new ApiError('spec.invalid', 'One fault.', { faults, cause })
    expect(error.faults).toBe(faults)
    expect(error.cause).toBe(cause)
  })
})
