// Every judge is shown a run that is right, and then one thing that is wrong: it has to see exactly that.
import { expect, it } from 'vitest'
import { CHECKS } from './checks.mjs'

const DIGEST = { model: 'a'.repeat(64), checkpoint: 'b'.repeat(64), stray: 'c'.repeat(64) }
const [API, WORKER, TRAINER] = [10, 20, 21]

/** @returns {any} evidence of a run of two jobs in which nothing is wrong */
function rightRun() {
  const model = [{ path: 'export/model.json', sha256: DIGEST.model }]
  const metrics = [
    { seq: 1, what: 'loss 2' },
    { seq: 2, what: 'loss 1' },
  ]
  const job = (key) => ({
    key,
    kind: 0,
    state: 'succeeded',
    failure: null,
    events: [
      { seq: 1, type: 'state', state: 'queued' },
      { seq: 2, type: 'checkpoint', state: null },
      { seq: 3, type: 'state', state: 'succeeded' },
    ],
    attempts: [
      { attempt: 1, ending: 'failed' },
      { attempt: 2, ending: 'succeeded' },
    ],
    model: structuredClone(model),
    metrics: structuredClone(metrics),
  })
  return {
    wanted: ['one', 'two'],
    jobs: [job('one'), job('two')],
    references: [{ model, metrics }],
    teams: [{ team: 'amber', sent: ['1', '2'], seen: ['2', '1'] }],
    named: [{ sha256: DIGEST.model, size: 3, holder: 'artifact of job 1' }],
    blobs: [{ sha256: DIGEST.model, size: 3, actual: DIGEST.model }],
    processes: [
      { pid: API, parent: 1, command: 'node apps/api' },
      { pid: WORKER, parent: 1, command: 'node apps/worker' },
      { pid: TRAINER, parent: WORKER, command: 'node apps/trainer' },
    ],
    services: [
      { pid: API, kind: 'api' },
      { pid: WORKER, kind: 'worker' },
    ],
    queued: [],
    outbox: 0,
  }
}

const judged = (evidence) =>
  Object.fromEntries(Object.entries(CHECKS).map(([check, judge]) => [check, judge(evidence)]))

it('finds nothing wrong with a run in which nothing is wrong', () => {
  expect(Object.values(judged(rightRun())).flat()).toEqual([])
})

/** @type {[string, string, (run: any) => void, RegExp][]} what is wrong, who must see it, how it is made, what is said */
const WRONGS = [
  ['a job is missing', 'every job finished exactly once', (run) => run.jobs.pop(), /two is there 0 times/],
  ['a job is there twice', 'every job finished exactly once', (run) => run.jobs.push(run.jobs[0]), /one is there 2/],
  [
    'a job failed',
    'every job finished exactly once',
    ({ jobs }) => Object.assign(jobs[0], { state: 'failed', failure: 'worker.lost: x' }),
    /one is failed \(worker.lost: x\)/,
  ],
  [
    'a job says twice that it succeeded',
    'every job finished exactly once',
    ({ jobs }) => jobs[0].events.push({ seq: 4, type: 'state', state: 'succeeded' }),
    /one says 2 times/,
  ],
  [
    'two attempts succeeded',
    'every job finished exactly once',
    ({ jobs }) => Object.assign(jobs[0].attempts[0], { ending: 'succeeded' }),
    /one has 2 attempts that succeeded/,
  ],
  [
    'an attempt never ended',
    'every job finished exactly once',
    ({ jobs }) => Object.assign(jobs[0].attempts[0], { ending: null }),
    /one has 1 attempts without an end/,
  ],
  [
    'an event is lost',
    'every job finished exactly once',
    ({ jobs }) => jobs[0].events.splice(1, 1),
    /one has events with number 3 in place 2/,
  ],
  [
    'something came after the end',
    'every job finished exactly once',
    ({ jobs }) => jobs[0].events.push({ seq: 4, type: 'note', state: null }),
    /one has events after its end/,
  ],
  [
    'a model is another',
    'every model equals that of an undisturbed run',
    ({ jobs }) => Object.assign(jobs[1].model[0], { sha256: DIGEST.pruned }),
    /two has the model/,
  ],
  [
    'a model is missing',
    'every model equals that of an undisturbed run',
    ({ jobs }) => jobs[1].model.pop(),
    /two has the model \[\]/,
  ],
  [
    'there is no reference model',
    'every model equals that of an undisturbed run',
    ({ references }) => Object.assign(references[0], { model: [] }),
    /one has no reference/,
  ],
  ['a point is lost', 'metrics', ({ jobs }) => jobs[0].metrics.shift(), /one has metrics with number 2 in place 1/],
  ['a point is doubled', 'metrics', ({ jobs }) => jobs[0].metrics.push(jobs[0].metrics[1]), /one has 3 points, not 2/],
  [
    'a point has another value',
    'metrics',
    ({ jobs }) => Object.assign(jobs[0].metrics[1], { what: 'loss 7' }),
    /one: point 2 is loss 7, not loss 1/,
  ],
  ['a team sees a foreign job', 'each team', ({ teams }) => teams[0].seen.push('9'), /amber sees the job 9/],
  ['a team misses a job', 'each team', ({ teams }) => teams[0].seen.pop(), /amber does not see its job 1/],
  [
    'a trainer outlived its worker',
    'no orphan process',
    ({ processes }) => processes.push({ pid: 23, parent: 1, command: 'node apps/trainer' }),
    /process 23 belongs to nobody/,
  ],
  [
    'no trainer can be found at all',
    'no orphan process',
    ({ processes }) => processes.pop(),
    /no worker has a trainer/,
  ],
  [
    'a worker has two trainers',
    'no orphan process',
    ({ processes }) => processes.push({ pid: 22, parent: WORKER, command: 'node apps/trainer' }),
    /more than one trainer/,
  ],
  ['a service does not run', 'no orphan process', ({ processes }) => processes.shift(), /the api 10 does not run/],
  [
    'a blob is named by no row',
    'no artifact',
    ({ blobs }) => blobs.push({ sha256: DIGEST.stray, size: 1, actual: DIGEST.stray }),
    /blob c+ is named by no row/,
  ],
  [
    'a row names what is not there',
    'no artifact',
    ({ named }) => named.push({ sha256: DIGEST.checkpoint, size: 1, holder: 'checkpoint 4' }),
    /checkpoint 4 names b+, which is not/,
  ],
  [
    'a row names another size',
    'no artifact',
    ({ named }) => Object.assign(named[0], { size: 4 }),
    /not in the store in that size/,
  ],
  [
    'a blob is damaged',
    'no artifact',
    ({ blobs }) => Object.assign(blobs[0], { actual: DIGEST.checkpoint }),
    /blob a+ is damaged/,
  ],
  ['no row names anything', 'no artifact', (run) => Object.assign(run, { named: [], blobs: [] }), /cannot be/],
  [
    'the queue holds an attempt',
    'nothing left',
    ({ queued }) => queued.push('attempt 1 of job 1'),
    /still holds attempt 1/,
  ],
  ['an order waits in the outbox', 'nothing left', (run) => Object.assign(run, { outbox: 1 }), /1 rows wait/],
]

it.each(WRONGS)('says so when %s', (_, check, spoil, said) => {
  const run = rightRun()
  spoil(run)
  const found = Object.entries(judged(run)).filter(([, wrong]) => wrong.length > 0)
  expect(found.map(([name]) => name)).toEqual([expect.stringContaining(check)])
  expect(found[0]?.[1].join('\n')).toMatch(said)
})
