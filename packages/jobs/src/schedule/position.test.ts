import fc from 'fast-check'
import { expect, it } from 'vitest'
import { standing, waiting } from '../testing/scheduled.ts'
import { lineUp } from './line.ts'
import { positionIn, teamLines } from './position.ts'

const team = fc.record({
  weight: fc.constantFrom(0.5, 1, 2, 3),
  usage: fc.integer({ min: 0, max: 200 }),
  active: fc.integer({ min: 0, max: 5 }),
  jobs: fc.integer({ min: 0, max: 12 }),
})

it('is the place at which the line comes to the job, were there room for all', () => {
  fc.assert(
    fc.property(fc.array(team, { minLength: 1, maxLength: 5 }), fc.constantFrom(1, 3, 10), (teams, charge) => {
      const standings = teams.map(({ jobs: _, ...part }, i) => standing(`t${i}`, part))
      const all = teams.flatMap(({ jobs }, i) =>
        Array.from({ length: jobs }, (_, k) => waiting(`t${i}-${k}`, { teamId: `t${i}` })),
      )
      const line = lineUp({ overdue: [], waiting: all, standings, charge })
      const order: string[] = []
      for (let job = line.next(false); job; job = line.next(true)) order.push(job.id)
      const kinds = teams.map(({ jobs }, i) => ({ teamId: `t${i}`, needs: '', priority: 50, jobs, overdue: 0 }))
      const lines = teamLines(standings, kinds, () => true)
      const places = all.map(({ id, teamId }) => positionIn(lines, teamId, Number(id.split('-')[1]), charge))
      expect(places).toEqual(all.map(({ id }) => order.indexOf(id) + 1))
    }),
  )
})

it('is behind those that are overdue, and not behind those that a quota holds back', () => {
  const standings = [standing('a', { maxRunning: 2 }), standing('b', { maxGpus: 0 }), standing('c')]
  const kinds = [
    { teamId: 'a', needs: '', priority: 50, jobs: 100, overdue: 0 },
    { teamId: 'b', needs: '{"gpus":1}', priority: 50, jobs: 100, overdue: 0 },
    { teamId: 'c', needs: '', priority: 50, jobs: 100, overdue: 7 },
  ]
  const lines = teamLines(standings, kinds, () => true)
  expect(positionIn(lines, 'c', 0, 1)).toBe(1 + 7 + 1)
  expect(positionIn(lines, 'c', 50, 1)).toBe(1 + 7 + 2 + 50)
  expect(lines.map(({ heldBackJobs }) => heldBackJobs)).toEqual([0, 100, 0])
})

it('is not behind those that no worker can run', () => {
  const standings = [standing('a'), standing('b')]
  const kinds = [
    { teamId: 'a', needs: '{"gpus":1}', priority: 90, jobs: 100, overdue: 4 },
    { teamId: 'a', needs: '', priority: 50, jobs: 3, overdue: 0 },
    { teamId: 'b', needs: '', priority: 50, jobs: 3, overdue: 0 },
  ]
  const lines = teamLines(standings, kinds, (needs) => needs === '')
  expect(lines[0]).toMatchObject({ jobs: 3, overdue: 0, unmet: ['{"gpus":1}'], unmetJobs: 100, heldBackJobs: 0 })
  expect([0, 1, 2].map((rank) => positionIn(lines, 'b', rank, 1))).toEqual([2, 4, 6])
})
