import { describe, expect, it } from 'vitest'
import { EXIT_CODES, exitCodeForJob } from './exit-codes.ts'

describe('exit codes', () => {
  it('are the documented numbers, which pipelines rely on', () => {
    expect(EXIT_CODES).toEqual({
      passed: 0,
      usage: 1,
      gateFailed: 2,
      jobFailed: 3,
      cancelled: 4,
      timedOut: 5,
      unreachable: 6,
    })
  })

  it.each([
    ['succeeded', 'passed', 0],
    ['succeeded', null, 0],
    ['succeeded', 'failed', 2],
    ['failed', null, 3],
    ['cancelled', null, 4],
  ] as const)('for a job that %s with verdict %s is %d', (state, verdict, code) => {
    expect(exitCodeForJob({ state, verdict })).toBe(code)
  })
})
