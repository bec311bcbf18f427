// What no check at submit can see: losses that reach none of the weights that a stage may change.
import { rm } from 'node:fs/promises'
import { afterAll, describe, expect, it } from 'vitest'
import type { TermMethod } from '../contracts/method.ts'
import type { Shelves } from '../contracts/shelves.ts'
import type { Scalar } from '../contracts/tf.ts'
import { tinyJobRoot as root, runTinyJob as run } from '../testing/run-tiny-job.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { checkJob } from './check-job.ts'

afterAll(() => rm(root, { recursive: true }))

const shelves = tinyShelves()
const labels = shelves.methods.find(({ name }) => name === 'labels') as TermMethod
/** A loss on features, which does not depend on the layers behind them. */
const small: TermMethod = {
  ...labels,
  name: 'small',
  term: ({ tf }) => ({
    loss: (_step, student) => ({ size: tf.mean(tf.square(student.tap('penultimate'))) as Scalar }),
  }),
}
const all: Shelves = { ...shelves, methods: [...shelves.methods, small] }
const teacher = { model: 'mlp', train: { steps: 1, batchSize: 20, compile: false } }
const training = { steps: 8, batchSize: 20 }

describe.each([true, false])('a training that would change nothing (compile: %s)', (compile) => {
  it.each([
    [
      'a stage of layers that no loss reaches',
      {
        method: undefined,
        stages: [{ name: 'late', share: 1, methods: [{ name: 'small' }], train: ['logits'] }],
        train: training,
      },
      'late',
    ],
    [
      'a method with a plan of its own, whose every weight is frozen',
      { train: { ...training, optimizer: { groups: [{ match: '*', frozen: true }] } } },
      'warm',
    ],
  ])('is refused: %s', async (_what, change, stage) => {
    const spec = tinyJob({ teacher, ...change, train: { ...change.train, compile } })
    expect(checkJob(spec, all)).toEqual([])
    await expect(run({ spec, shelves: all })).rejects.toMatchObject({
      code: 'spec.rejected',
      message: expect.stringContaining(`The stage "${stage}" trains nothing. Expected weights of student`),
    })
  })
})
