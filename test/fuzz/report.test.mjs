import { describe, expect, it } from 'vitest'
import { isClean, resultsOf, summaryOf } from './report.mjs'

const finding = {
  ...{ operation: 'getJob', check: 'not_a_server_error', status: 500, times: 3 },
  ...{ message: 'Server error', request: 'GET /v1/jobs/1', sent: '', answer: '{}' },
}

/** @param {Partial<import('./schemathesis.mjs').RoleRun>} [more] */
function runOf(more) {
  return {
    ...{ role: 'red', seconds: 1.4, ok: true, output: '', failures: [], errors: [], allowed: { getJob: 1 } },
    statuses: { getJob: { 200: 2, 404: 1 } },
    checks: { getJob: { not_a_server_error: 3 } },
    phases: { fuzzing: 2, coverage: 1 },
    allChecks: ['not_a_server_error', 'use_after_free'],
    ...more,
  }
}

const about = { seed: 1, schemathesis: '4' }

describe('resultsOf', () => {
  it('adds up the runs of all keys and names the checks that none of them made', () => {
    const blue = runOf({ role: 'blue', statuses: { getJob: { 404: 1 } }, phases: { fuzzing: 1 } })
    const results = resultsOf([runOf(), blue], about)
    expect(results).toMatchObject({ cases: 4, checks: { not_a_server_error: 6 }, unused: ['use_after_free'] })
    expect(results.operations).toEqual({ getJob: { cases: 4, statuses: { 200: 2, 404: 2 }, allowed: 2 } })
    expect(results.roles).toMatchObject({ red: { cases: 3, seconds: 1 }, blue: { cases: 1 } })
    expect(isClean(results, 4)).toBe(true)
  })

  it('is not clean with a finding, with an error, or with too few cases', () => {
    const found = resultsOf([runOf({ ok: false, failures: [finding] })], about)
    expect(found.findings).toEqual([{ role: 'red', ...finding }])
    expect(isClean(found, 1)).toBe(false)
    expect(isClean(resultsOf([runOf({ errors: ['getJob: timeout'] })], about), 1)).toBe(false)
    expect(isClean(resultsOf([runOf()], about), 4)).toBe(false)
  })

  it('takes the last words of a run that failed without saying why', () => {
    const results = resultsOf([runOf({ ok: false, output: 'the schema cannot be read' })], about)
    expect(results.errors).toEqual(['red: the schema cannot be read'])
  })
})

describe('summaryOf', () => {
  it('tells each finding with what was sent and answered', () => {
    const text = summaryOf(resultsOf([runOf({ ok: false, failures: [finding] })], about), 1)
    expect(text).toContain('✗ getJob as red: not_a_server_error, status 500, 3 times')
    expect(text).toContain('request: GET /v1/jobs/1')
    expect(text).toContain('1 findings, 0 errors')
  })
})
