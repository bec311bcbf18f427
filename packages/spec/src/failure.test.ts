import { describe, expect, it } from 'vitest'
import { FAILURE_CODES, FAILURES, failureFromProcessEnd, mayRetry } from './failure.ts'

describe('the failure table', () => {
  it("never retries what is the user's or the data's fault", () => {
    for (const code of FAILURE_CODES)
      if (['user', 'data'].includes(FAILURES[code].class)) expect([code, FAILURES[code].retry]).toEqual([code, 'never'])
  })

  it('tells for every code what to do, in whole sentences', () => {
    for (const code of FAILURE_CODES) expect(FAILURES[code].hint).toMatch(/^[A-Z].{20,}\.$/)
  })
})

describe('mayRetry', () => {
  it('retries infrastructure failures until the budget of attempts is used up', () => {
    const allowed = [1, 2, 3].map((failures) => mayRetry('worker.lost', failures, 3))
    expect(allowed).toEqual([true, true, false])
  })

  it('gives a resource failure one more attempt, and none when the budget is one', () => {
    expect(mayRetry('resource.out_of_memory', 1, 5)).toBe(true)
    expect(mayRetry('resource.out_of_memory', 2, 5)).toBe(false)
    expect(mayRetry('resource.out_of_memory', 1, 1)).toBe(false)
  })

  it('does not retry a diverged training whatever the budget', () => {
    expect(mayRetry('training.diverged', 1, 20)).toBe(false)
  })
})

describe('failureFromProcessEnd', () => {
  it.each([
    ['a signal', { code: null, signal: 'SIGSEGV' }, 'trainer.crashed'],
    ["somebody's SIGKILL", { code: null, signal: 'SIGKILL' }, 'trainer.crashed'],
    ['an exit code it did not explain', { code: 1, signal: null }, 'trainer.crashed'],
    ['the exit code of an exhausted heap', { code: 137, signal: null }, 'resource.out_of_memory'],
    ['our memory limit', { code: null, signal: 'SIGKILL', killedBy: 'memory' }, 'resource.out_of_memory'],
    ['our disk limit', { code: null, signal: 'SIGKILL', killedBy: 'disk' }, 'resource.disk_full'],
    ['our watchdog', { code: null, signal: 'SIGKILL', killedBy: 'watchdog' }, 'training.stuck'],
    ["the job's own time limit", { code: null, signal: 'SIGTERM', killedBy: 'timeout' }, 'job.timeout'],
  ] as const)('names the failure of a trainer that ended by %s', (_what, end, code) => {
    expect(failureFromProcessEnd(end)).toBe(code)
  })
})
