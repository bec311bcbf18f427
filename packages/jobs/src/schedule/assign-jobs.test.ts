import type { Room, Standing, Waiting } from '@stillhouse/db'
import { describe, expect, it } from 'vitest'
import { GPU, gpu, held, room, standing, waiting } from '../testing/scheduled.ts'
import { assignJobs, type Decision, type Situation } from './assign-jobs.ts'

const decide = (part: Partial<Situation>): Decision =>
  assignJobs({
    ...{ waiting: [], overdue: [], rooms: [], held: [], standings: [standing('a')], charge: 10, lostOn: new Map() },
    ...part,
  })
const seated = (part: Partial<Situation>): Record<string, string> =>
  Object.fromEntries(decide(part).assigned.map(({ jobId, workerId }) => [jobId, workerId]))
const jobs = (...needs: string[]): Waiting[] => needs.map((each, i) => waiting(String(i), { needs: each }))
const workersOf = (needs: string[], rooms: Room[]) => seated({ waiting: jobs(...needs), rooms })

describe('who gets which job', () => {
  it('fills slots in the order of the jobs, and no more than are free', () => {
    const rooms = [room('a', { slots: 3, running: 1, dispatched: 1 }), room('b', { slots: 1, running: 1 })]
    expect(workersOf(['', ''], rooms)).toEqual({ 0: 'a' })
  })

  it('gives a job that lost its worker the next slot elsewhere, whichever team is due', () => {
    const standings = [standing('served', { usage: 1000 }), standing('due')]
    const lost = waiting('lost', { teamId: 'served', losses: 1 })
    const others = [lost, waiting('young', { teamId: 'served' }), waiting('other', { teamId: 'due' })]
    const lostOn = new Map([['lost', ['bad']]])
    const rooms = [room('good', { slots: 1 }), room('bad', { slots: 1, running: 1 })]
    expect(seated({ waiting: others, rooms, standings, lostOn })).toEqual({ lost: 'good' })
    const onlyBad = [room('good', { slots: 1, running: 1 }), room('bad', { slots: 1 })]
    expect(seated({ waiting: others, rooms: onlyBad, standings, lostOn })).toEqual({ other: 'bad' })
  })

  it('spreads jobs over the emptiest workers', () => {
    const rooms = [room('a', { slots: 2 }), room('b', { slots: 3 })]
    expect(workersOf(['', '', ''], rooms)).toEqual({ 0: 'b', 1: 'a', 2: 'b' })
  })

  it('passes over a job that fits nowhere', () => {
    expect(workersOf([GPU, ''], [room('cpu')])).toEqual({ 1: 'cpu' })
  })

  it('keeps GPUs for those that ask for them, as long as there is another place', () => {
    const rooms = [room('gpu', { slots: 2, ...gpu() }), room('cpu')]
    expect(workersOf(['', GPU, ''], rooms)).toEqual({ 0: 'cpu', 1: 'gpu', 2: 'gpu' })
  })

  it('gives the smallest GPU that will do', () => {
    const rooms = [room('large', gpu(80)), room('small', gpu(16))]
    expect(workersOf([GPU, '{"gpuMemoryGb":40,"gpus":1}'], rooms)).toEqual({ 0: 'small', 1: 'large' })
  })

  it('gives labelled jobs to workers of that label only', () => {
    const rooms = [room('a', { labels: { zone: 'a' } }), room('b', { slots: 2, labels: { zone: 'b' } })]
    const asked = ['a', 'a', 'b'].map((zone) => `{"labels":{"zone":"${zone}"}}`)
    expect(workersOf(asked, rooms)).toEqual({ 0: 'a', 2: 'b' })
  })

  it('gives nothing to a worker that holds more than it has slots for', () => {
    expect(workersOf([''], [room('a', { slots: 1, running: 1, dispatched: 1 })])).toEqual({})
  })

  it('gives no worker jobs that ask for more memory together than it has', () => {
    const rooms = [room('a', { slots: 4, memoryGb: 32, memoryHeldGb: 10 })]
    const asked = ['{"memoryGb":16}', '{"memoryGb":8}', '{"memoryGb":6}']
    expect(workersOf(asked, rooms)).toEqual({ 0: 'a', 2: 'a' })
  })

  it('gives a job to a worker that was lost with it only if no other has what it asks for', () => {
    const job = waiting('job')
    const lostOn = new Map([['job', ['b']]])
    expect(seated({ waiting: [job], lostOn, rooms: [room('a'), room('b', { slots: 9 })] })).toEqual({ job: 'a' })
    expect(seated({ waiting: [job], lostOn, rooms: [room('a', { running: 1 }), room('b')] })).toEqual({})
    expect(seated({ waiting: [job], lostOn, rooms: [room('b')] })).toEqual({ job: 'b' })
  })
})

describe('quotas', () => {
  const rooms = [room('cpu', { slots: 2 }), room('gpu', { slots: 2, ...gpu() })]
  const byTeam = (limits: Partial<Standing>, needs: string[]) =>
    seated({
      rooms,
      standings: [standing('a', limits), standing('b')],
      waiting: [...jobs(...needs), waiting('other', { teamId: 'b' })],
    })

  it('let a team run no more than it may, whatever its jobs ask for', () => {
    expect(byTeam({ maxRunning: 1 }, [GPU, '', ''])).toEqual({ 0: 'gpu', other: 'cpu' })
  })

  it('let a team hold no more GPUs than it may, also by jobs that did not ask for one', () => {
    expect(byTeam({ maxGpus: 1 }, [GPU, GPU, '', ''])).toEqual({ 0: 'gpu', 2: 'cpu', other: 'cpu' })
  })

  it('give a team no GPU once it has used its GPU-hours of the month', () => {
    expect(byTeam({ maxGpuHours: 5, gpuHours: 5 }, [GPU, ''])).toEqual({ 1: 'cpu', other: 'cpu' })
  })
})

describe('shares', () => {
  const crowd = (team: string, count: number) =>
    Array.from({ length: count }, (_, i) => waiting(`${team}${i}`, { teamId: team }))
  const shares = (standings: Standing[], slots: number) => {
    const all = standings.flatMap(({ teamId }) => crowd(teamId, slots))
    const given = decide({ waiting: all, standings, rooms: [room('w', { slots })] }).assigned
    return standings.map(({ teamId }) => given.filter(({ jobId }) => jobId.startsWith(teamId)).length)
  }

  it('are equal for teams of equal weight that have used nothing, however many jobs each sends', () => {
    expect(shares([standing('a'), standing('b'), standing('c')], 9)).toEqual([3, 3, 3])
  })

  it('follow the weights', () => {
    expect(shares([standing('a', { weight: 3 }), standing('b'), standing('c', { weight: 2 })], 12)).toEqual([6, 2, 4])
  })

  it('make up for what a team has used and for what it holds', () => {
    expect(shares([standing('a', { usage: 40 }), standing('b', { active: 2 }), standing('c')], 6)).toEqual([0, 2, 4])
  })

  it('do not count a job that found no place against its team', () => {
    const rooms = [room('w', { slots: 2 })]
    const stuck = [GPU, GPU, ''].map((needs, i) => waiting(`a${i}`, { needs }))
    const standings = [standing('a'), standing('b', { active: 1 })]
    expect(seated({ waiting: [...stuck, ...crowd('b', 2)], standings, rooms })).toEqual({ a2: 'w', b0: 'w' })
  })

  it('count nothing for a job that has waited longer than anybody shall', () => {
    const late = waiting('late', { teamId: 'a', priority: 0 })
    const standings = [standing('a', { usage: 1e6 }), standing('b')]
    const rooms = [room('w')]
    expect(seated({ waiting: [late, ...crowd('b', 3)], overdue: [late], standings, rooms })).toEqual({ late: 'w' })
  })
})

describe('places kept for jobs that were passed over', () => {
  const big = waiting('big', { needs: '{"memoryGb":24}' })
  const busy = held('runs', 'w', { needs: '{"memoryGb":16}', seconds: 200, done: 0.5 })
  const rooms = [room('w', { slots: 4, running: 1, memoryGb: 32, memoryHeldGb: 16 })]
  const small = (id: string, seconds: number | null, memoryGb = 8) =>
    waiting(id, { needs: `{"memoryGb":${memoryGb}}`, seconds })
  const jumps = (job: Waiting) => seated({ waiting: [big, job], rooms, held: [busy] })

  it('let jobs jump that are over before the place is due', () => {
    expect(jumps(small('short', 99))).toEqual({ short: 'w' })
  })

  it('let jobs jump that leave enough for the one ahead', () => {
    expect(jumps(small('long', 5000))).toEqual({ long: 'w' })
    expect(jumps(small('long', 5000, 9))).toEqual({})
  })

  it('let no job jump of which nobody knows when it ends, if it would be in the way', () => {
    expect(jumps(small('unknown', null, 9))).toEqual({})
  })

  it('let no job jump when nobody knows when the place is due, if it would be in the way', () => {
    const endless = { ...busy, seconds: null, done: 0 }
    expect(seated({ waiting: [big, small('short', 1, 9)], rooms, held: [endless] })).toEqual({})
  })
})

describe('preemption', () => {
  const full = [room('w', { slots: 2, running: 2 })]
  const urgent = waiting('urgent', { priority: 90 })
  const low = (id: string, part = {}) => held(id, 'w', { preemptible: true, priority: 10, ...part })
  const stopped = (part: Partial<Situation>) =>
    decide({ waiting: [urgent], rooms: full, ...part }).preemptions.map(({ job, workerId, victims }) => [
      job.id,
      workerId,
      victims.map(({ id }) => id),
    ])

  it('stops the least important job that may be stopped, and of several the one that has run shortest', () => {
    expect(stopped({ held: [low('old', { ranSeconds: 500 }), low('young')] })).toEqual([['urgent', 'w', ['young']]])
    expect(stopped({ held: [low('lower', { priority: 5, ranSeconds: 500 }), low('young')] })).toEqual([
      ['urgent', 'w', ['lower']],
    ])
  })

  it.each([
    ['is not preemptible', { preemptible: false }],
    ['has the same priority', { priority: 90 }],
    ['is being stopped already', { stopReason: 'x' }],
    ['has not started yet', { state: 'dispatched' }],
  ])('leaves a job alone that %s', (_, part) => {
    expect(stopped({ held: [low('one', part), low('two', part)] })).toEqual([])
  })

  it('leaves jobs alone on a worker that does not know the order', () => {
    expect(
      stopped({ held: [low('one'), low('two')], rooms: [room('w', { slots: 2, running: 2, features: [] })] }),
    ).toEqual([])
  })

  it('stops jobs of another team only while that team has had more than its share', () => {
    const theirs = [low('one', { teamId: 'b' }), low('two', { teamId: 'b' })]
    const standings = (usage: number) => [standing('a', { usage }), standing('b', { active: 2 })]
    expect(stopped({ held: theirs, standings: standings(0) })).toEqual([['urgent', 'w', ['one']]])
    expect(stopped({ held: theirs, standings: standings(20) })).toEqual([])
  })

  it('stops as many as it takes for the memory that is asked for, or none', () => {
    const rooms = [room('w', { slots: 3, running: 3, memoryGb: 30, memoryHeldGb: 30 })]
    const held = ['x', 'y', 'z'].map((id) => low(id, { needs: '{"memoryGb":10}' }))
    const asks = (memoryGb: number) => [{ ...urgent, needs: `{"memoryGb":${memoryGb}}` }]
    expect(stopped({ held, rooms, waiting: asks(20) })).toEqual([['urgent', 'w', ['x', 'y']]])
    expect(stopped({ held, rooms, waiting: asks(31) })).toEqual([])
  })

  it('stops one job for one, and another for the next', () => {
    const two = [urgent, { ...urgent, id: 'urgent2' }]
    const both = [room('w', { running: 1 }), room('v', { running: 1 })]
    const held = [low('one'), { ...low('two'), workerId: 'v' }]
    expect(stopped({ held, rooms: both, waiting: two })).toEqual([
      ['urgent', 'w', ['one']],
      ['urgent2', 'v', ['two']],
    ])
  })

  it('gives the place to the job for which it was made, whoever is due before', () => {
    const standings = [standing('a', { usage: 1e6 }), standing('b')]
    const made = { ...urgent, reservedOn: 'w' }
    const due = waiting('due', { teamId: 'b' })
    expect(seated({ waiting: [made, due], standings, rooms: [room('w')] })).toEqual({ urgent: 'w' })
    const leaving = [low('leaves', { stopReason: 'preempted' })]
    const rooms = [room('w', { slots: 1, running: 1 })]
    expect(decide({ waiting: [made, due], standings, rooms, held: leaving })).toEqual({
      ...{ assigned: [], preemptions: [], released: [] },
    })
  })

  it('forgets a place that came to nothing', () => {
    const made = { ...urgent, reservedOn: 'gone' }
    expect(decide({ waiting: [made], rooms: [room('w')] })).toEqual({
      assigned: [{ jobId: 'urgent', workerId: 'w', gpus: 0 }],
      preemptions: [],
      released: ['urgent'],
    })
  })
})
