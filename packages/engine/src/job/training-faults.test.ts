import { describe, expect, it } from 'vitest'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { checkJob } from './check-job.ts'

const shelves = tinyShelves()
const sized = { ...shelves, data: shelves.data.map((format) => ({ ...format, trainSamples: () => 100 })) }
const job = (data: object, batchSize: number) =>
  tinyJob({ data: { name: 'blobs', ...data }, train: { epochs: 1, batchSize }, evaluate: { latencyRuns: 0 } })
const expected = (data: object, batchSize: number) =>
  checkJob(job(data, batchSize), sized).map((fault) => [fault.path, fault.expected])

describe('a batch larger than the training set', () => {
  it('is refused where the parameters of the data set say its size', () => {
    expect(expected({}, 100)).toEqual([])
    expect(expected({}, 101)).toEqual([['/train/batchSize', 'at most 100, the training samples that there are']])
    expect(checkJob(job({}, 101), shelves)).toEqual([])
  })

  it('is refused where it is larger than what a hold-out leaves', () => {
    expect(expected({ validation: 0.25 }, 75)).toEqual([])
    expect(expected({ validation: 0.25 }, 76)).toEqual([
      ['/train/batchSize', 'at most 75, the training samples that there are'],
    ])
  })

  it('is refused with the limit where that is less, and with the size where the limit is more', () => {
    expect(expected({ limit: 60 }, 61)).toEqual([['/train/batchSize', 'at most data.limit = 60']])
    expect(expected({ limit: 160 }, 161)).toEqual([
      ['/train/batchSize', 'at most 100, the training samples that there are'],
    ])
  })

  it('is refused for a teacher that is trained in the job, too', () => {
    const teacher = { model: 'mlp', train: { epochs: 1, batchSize: 101 } }
    expect(checkJob(tinyJob({ teacher }), sized).map(({ path }) => path)).toEqual(['/teachers/0/train/batchSize'])
  })
})
