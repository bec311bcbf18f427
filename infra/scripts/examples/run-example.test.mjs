import { createHash } from 'node:crypto'
import { ApiProblem } from '@stillhouse/client'
import { describe, expect, it } from 'vitest'
import { chooseExamples } from './choose-examples.mjs'
import { exampleTable, isGood } from './example-table.mjs'
import { finishExample, limitOf, submitExample } from './run-example.mjs'

const CONTENT = Buffer.from('weights')
const SHA256 = createHash('sha256').update(CONTENT).digest('hex')
const gate = { metric: 'accuracy', condition: '>= 0.9', actual: 0.95, passed: true }
const DONE = {
  id: '1',
  state: 'succeeded',
  verdict: 'passed',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:12.500Z',
  failure: null,
  result: { metrics: { accuracy: 0.95 }, gates: [gate] },
}

/** A service that answers with these jobs, one after the other, the last one again and again. */
function clientOf(jobs, { sha256 = SHA256, kind = 'export' } = {}) {
  const cancelled = []
  return {
    cancelled,
    getJob: async () => (jobs.length > 1 ? jobs.shift() : jobs[0]),
    cancelJob: async (id) => cancelled.push(id),
    listArtifacts: async () => [{ kind, path: 'export/a.bin', sha256 }],
    downloadArtifact: async () => ({ stream: [CONTENT] }),
  }
}
const finish = (client, limit = 120) => finishExample(client, { id: '1' }, limit)

describe('an example that was submitted', () => {
  it('is good with a verdict, and exports that arrive as announced', async () => {
    const outcome = await finish(clientOf([DONE]))
    expect(outcome).toEqual({
      ...{ state: 'succeeded', verdict: 'passed', seconds: 12.5, accuracy: 0.95, files: 1, problems: [] },
    })
    expect(isGood(outcome)).toBe(true)
  })

  it.each([
    ['damaged files', [DONE], { sha256: 'b'.repeat(64) }, 120, /export\/a.bin: expected sha256 b+, received/],
    ['nothing exported', [DONE], { kind: 'report' }, 120, /nothing was exported/],
    ['too long a run', [DONE], {}, 10, /did not end within 10 s/],
    [
      'a missed gate',
      [{ ...DONE, verdict: 'failed', result: { metrics: {}, gates: [{ ...gate, actual: null, passed: false }] } }],
      {},
      120,
      /accuracy >= 0.9: received nothing/,
    ],
    [
      'a failure',
      [{ ...DONE, state: 'failed', verdict: null, failure: { code: 'training.diverged', message: 'NaN' } }],
      {},
      120,
      /training.diverged: NaN/,
    ],
  ])('is not good with %s, and says so', async (_, jobs, artifacts, limit, problem) => {
    const outcome = await finish(clientOf(jobs, artifacts), limit)
    expect(isGood(outcome)).toBe(false)
    expect(outcome.problems.join()).toMatch(problem)
  })

  it('is cancelled once when it runs longer than it may', async () => {
    const running = { ...DONE, state: 'running', finishedAt: null }
    const client = clientOf([running, running, { ...DONE, state: 'cancelled', verdict: null }])
    const outcome = await finish(client)
    expect(client.cancelled).toEqual(['1'])
    expect(outcome.problems.join()).toMatch(/did not end within 120 s/)
  })
})

describe('an example that is refused', () => {
  it('is told with its faults, and is not good', async () => {
    const fault = { path: '/method/name', message: 'there is no method "kt"', expected: 'kd', received: 'kt' }
    const submitJob = () => Promise.reject(new ApiProblem({ status: 400, code: 'spec.invalid', faults: [fault] }))
    const [{ name, submitted }] = await submitExample({ submitJob }, 'a', 'name: a')
    expect(name).toBe('a')
    const outcome = await finishExample(clientOf([]), submitted, 120)
    expect(outcome).toMatchObject({
      state: 'refused',
      problems: ['/method/name: there is no method "kt"; expected kd'],
    })
    expect(isGood(outcome)).toBe(false)
  })
})

describe('an example of several jobs', () => {
  it('is sent as one document, and its jobs are told by their names', async () => {
    const sent = []
    const submitJobGraph = async (text) => {
      sent.push(text.body)
      return { jobs: { teacher: { id: '1' }, student: { id: '2' } } }
    }
    const yaml = '# first\njobs:\n  teacher: {}\n'
    expect(await submitExample({ submitJobGraph }, 'graph', yaml)).toEqual([
      { name: 'graph/teacher', submitted: { id: '1' } },
      { name: 'graph/student', submitted: { id: '2' } },
    ])
    expect(sent).toEqual([yaml])
  })
})

describe('the examples of a run', () => {
  const files = ['methods/kd.yaml', 'tiny.yaml', 'methods/at.yaml']

  it('are all there are, or those that are named', () => {
    expect(chooseExamples(files, [])).toEqual(['methods/at.yaml', 'methods/kd.yaml', 'tiny.yaml'])
    expect(chooseExamples(files, ['kd'])).toEqual(['methods/kd.yaml'])
    expect(() => chooseExamples(files, ['kt'])).toThrow(/no example kt.*at, kd, tiny/)
  })

  it('may take two minutes each where they show a method', () => {
    expect(files.map(limitOf)).toEqual([120, 600, 120])
  })

  it('are lines of one table, with what went wrong below', () => {
    const good = {
      name: 'kd',
      state: 'succeeded',
      verdict: 'passed',
      seconds: 8,
      accuracy: 0.95,
      files: 3,
      problems: [],
    }
    const bad = { ...good, name: 'at', state: 'failed', verdict: null, accuracy: null, problems: ['because'] }
    const [, , first, second, reason] = exampleTable([good, bad]).split('\n')
    expect(first).toMatch(/^kd +8\.0 +0\.9500 +passed +3$/)
    expect(second).toMatch(/^at +8\.0 +– +failed +3$/)
    expect(reason).toBe('    because')
  })
})
