// The short form of `npm run chaos`: the same cluster, faults and judges, with few jobs. What takes long to be noticed (a
// trainer that stands still, a queue that is silent) is left to the full form.
import { describe, expect, it } from 'vitest'
import { runChaos } from '../chaos/run-chaos.mjs'

const LONG = ['trainer paused', 'worker cut off from its queue']

describe.each([
  { backend: /** @type {const} */ ('redis'), jobs: 6, faults: 6 },
  { backend: /** @type {const} */ ('postgres'), jobs: 4, faults: 4 },
])('with the queue on $backend', ({ backend, jobs, faults }) => {
  it('every job ends once and as if undisturbed while processes, queue and database fail under it', async () => {
    /** @type {string[]} */
    const told = []
    const result = await runChaos({
      backend,
      jobs,
      faults,
      seed: 6,
      kinds: 2,
      minutes: 5,
      among: ({ name }) => !LONG.includes(name),
      say: (line) => told.push(line),
    })
    const wrong = result.checks.flatMap(({ check, wrong }) => wrong.map((fault) => `${check}: ${fault}`))
    expect(wrong, told.join('\n')).toEqual([])
    expect(result.faults.filter(({ target }) => target !== null).length).toBeGreaterThan(faults / 2)
  }, 480_000)
})
