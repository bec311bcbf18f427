import type { Room } from '@stillhouse/db'
import { describe, expect, it } from 'vitest'
import { assignJobs } from './assign-jobs.ts'

const room = (id: string, part: Partial<Room> = {}): Room => ({
  ...{
    id,
    name: id,
    slots: 1,
    running: 0,
    dispatched: 0,
    devices: [],
    labels: {},
    memoryGb: null,
    memoryHeldGb: 0,
    features: [],
  },
  ...part,
})
const gpu = (memoryGb: number) => ({ devices: [{ kind: 'gpu', name: 'GPU', memoryGb }] as const })
const GPU = '{"gpus":1}'
const jobs = (...needs: string[]) => needs.map((each, i) => ({ id: String(i), teamId: 'a', needs: each }))
const workersOf = (needs: string[], rooms: Room[]) =>
  Object.fromEntries(assignJobs(jobs(...needs), rooms, []).map(({ jobId, workerId }) => [jobId, workerId]))

describe('who gets which job', () => {
  it('fills slots in the order of the jobs, and no more than are free', () => {
    const rooms = [room('a', { slots: 3, running: 1, dispatched: 1 }), room('b', { slots: 1, running: 1 })]
    expect(workersOf(['', ''], rooms)).toEqual({ 0: 'a' })
  })

  it('spreads jobs over the emptiest workers', () => {
    const rooms = [room('a', { slots: 2 }), room('b', { slots: 3 })]
    expect(workersOf(['', '', ''], rooms)).toEqual({ 0: 'b', 1: 'a', 2: 'b' })
  })

  it('passes over a job that fits nowhere', () => {
    expect(workersOf([GPU, ''], [room('cpu')])).toEqual({ 1: 'cpu' })
  })

  it('keeps GPUs for those that ask for them, as long as there is another place', () => {
    const rooms = [room('gpu', { slots: 2, ...gpu(16) }), room('cpu')]
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

  it('passes over a team that runs as many as it may, whatever its jobs ask for', () => {
    const waiting = jobs(GPU, '', '').map((job, i) => ({ ...job, teamId: i === 2 ? 'b' : 'a' }))
    const rooms = [room('cpu', { slots: 2 }), room('gpu', gpu(16))]
    expect(assignJobs(waiting, rooms, [{ teamId: 'a', allowance: 1 }])).toEqual([
      { jobId: '0', workerId: 'gpu' },
      { jobId: '2', workerId: 'cpu' },
    ])
  })
})
