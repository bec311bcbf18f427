// During an upgrade workers of the version before talk to the API of this one. Their words are kept in a file; here they
// are held against what the API understands and answers now.
import { describe, expect, it } from 'vitest'
import { ACCEPTED } from './accepted.mjs'
import { currentProtocol, misunderstandings, previousProtocol } from './worker-protocol.mjs'

const claim = 'POST /v1/jobs/{id}/claim'
const heartbeat = 'POST /v1/workers/{id}/heartbeat'
const reports = 'POST /v1/jobs/{id}/attempts/{attempt}/reports'

it('a worker of the version before is understood by this API, and understands it', () => {
  const older = previousProtocol()
  expect(Object.keys(older.calls)).toEqual(expect.arrayContaining([claim, heartbeat, reports]))
  expect(misunderstandings(older, currentProtocol()).sort()).toEqual(Object.keys(ACCEPTED).sort())
})

describe('a change that workers of the version before would trip over is seen', () => {
  /** @param {(calls: any) => void} change made to the API @returns {string[]} */
  const changed = (change) => {
    const newer = structuredClone(previousProtocol())
    change(newer.calls)
    return misunderstandings(previousProtocol(), newer)
  }

  it('a call that is gone', () => {
    expect(changed((calls) => delete calls[claim])).toEqual([`${claim}: there is no such call any more`])
  })

  it('a field that a request must have now', () => {
    const faults = changed((calls) => {
      calls[claim].request.required.push('token')
      calls[claim].request.properties.token = { type: 'string' }
    })
    expect(faults).toEqual([`${claim} request/token: is required, but need not be there`])
  })

  it('a field that a request may no longer have, and a limit that became tighter', () => {
    const faults = changed((calls) => {
      delete calls[reports].request.properties.progress
      calls[reports].request.properties.metrics.maxItems = 1
    })
    expect(faults).toEqual([
      expect.stringContaining(`${reports} request/metrics: maxItems is 1`),
      `${reports} request/progress: this field is refused`,
    ])
  })

  it('a state that workers report and the API no longer knows', () => {
    const { state } = previousProtocol().calls[heartbeat].request.properties
    const faults = changed((calls) => {
      calls[heartbeat].request.properties.state = { const: 'active', type: 'string' }
    })
    expect(state).not.toEqual({ const: 'active', type: 'string' })
    expect(faults).toEqual([`${heartbeat} request/state: the value "draining" is not known`])
  })

  it('a field that an answer no longer has, and one that became something else', () => {
    const faults = changed((calls) => {
      const { answer } = calls[claim]
      answer.required = answer.required.filter((name) => name !== 'leaseSeconds')
      answer.properties.attempt = { type: 'string' }
    })
    expect(faults).toEqual([
      `${claim} answer/leaseSeconds: is required, but need not be there`,
      `${claim} answer/attempt: string instead of integer`,
    ])
  })

  it('an order that workers do not know', () => {
    const faults = changed((calls) => {
      calls[heartbeat].answer.properties.jobs.items.properties.order = { enum: ['go-on', 'dance'] }
    })
    expect(faults).toEqual([`${heartbeat} answer/jobs/*/order: the value "dance" is not known`])
  })

  it('an error that workers act on and that is no longer told', () => {
    const faults = changed((calls) => {
      calls[heartbeat].codes = calls[heartbeat].codes.filter((code) => code !== 'worker.not_found')
    })
    expect(faults).toEqual([`${heartbeat} error worker.not_found: is no longer given`])
  })

  it('but not: fields that a request may have, fields more in an answer, limits that became wider, calls more', () => {
    const faults = changed((calls) => {
      calls[reports].request.properties.colour = { type: 'string' }
      calls[claim].answer.properties.preemptible = { type: 'boolean' }
      calls[claim].answer.required.push('preemptible')
      delete calls[reports].request.properties.metrics.maxItems
      calls['POST /v1/new'] = calls[claim]
    })
    expect(faults).toEqual([])
  })
})
