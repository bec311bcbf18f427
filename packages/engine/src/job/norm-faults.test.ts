import { describe, expect, it } from 'vitest'
import type { ModelFamily } from '../contracts/model-family.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { checkJob } from './check-job.ts'

const shelves = tinyShelves()
const [mlp] = shelves.models as [ModelFamily]
/** Batch norm of vectors. */
const normed: ModelFamily = {
  ...mlp,
  name: 'normed',
  architecture: (params, signature) => {
    const { layers, ...rest } = mlp.architecture(params, signature)
    return {
      ...rest,
      layers: layers.flatMap((layer) =>
        layer.name === 'relu1'
          ? [
              { name: 'norm1', type: 'batchNorm', inputs: ['fc1'], momentum: 0.9, epsilon: 1e-5 } as const,
              { ...layer, inputs: ['norm1'] },
            ]
          : [layer],
      ),
    }
  },
}
const all = { ...shelves, models: [...shelves.models, normed] }
const job = (batchSize: number, change: object = {}) =>
  tinyJob({ student: { model: 'normed' }, train: { epochs: 1, batchSize }, ...change })
const fault = (path: string, received: string) => ({
  path,
  message: expect.stringContaining(`batch norm norm1 on [8] has ${received} values`),
  expected: 'at least 3',
  received,
})

describe('batch norm over few values', () => {
  it.each([1, 2])('is refused: %i of each channel', (batchSize) => {
    expect(checkJob(job(batchSize), all)).toEqual([fault('/train/batchSize', String(batchSize))])
  })

  it('is taken with three, or with maps that have as many', () => {
    expect(checkJob(job(3), all)).toEqual([])
    expect(checkJob(job(1, { student: { model: 'cnn' } }), all)).toEqual([])
  })

  it('is refused in a teacher that is trained in the job, by its own batches', () => {
    const teacher = { model: 'normed', params: { hidden: 8 }, train: { epochs: 1, batchSize: 2 } }
    expect(checkJob(job(20, { teacher }), all)).toEqual([fault('/teachers/0/train/batchSize', '2')])
  })
})
