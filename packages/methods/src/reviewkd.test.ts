import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { hierarchicalLoss, reviewkd } from './reviewkd.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// a map [4, 4, 1]; the numbers expected of it come from checks/reviewkd.py
const map = (values: readonly number[]) => tf.tensor4d([...values], [1, 4, 4, 1])
const student = map([0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1, 0, 0.75, -2, 1, 0.5, 0.5, -1, 0.25])
const teacher = map([1, 0, 1, 0.5, 0, 0.25, 0.5, -1, -0.5, 2, 0, 1, 1.5, -1, 0.25, 0])

const LEVELS = ['stage1', 'stage2', 'penultimate'].map((tap) => ({ student: tap, teacher: tap }))
const PARAMS = { taps: LEVELS, weight: 5, warmupEpochs: 0, width: 512 }
const TRAINING = { tf, method: reviewkd, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the hierarchical loss', () => {
  it('has the value and gradient of checks/reviewkd.py', () => {
    const { value, gradient } = valueAndGradient((s) => hierarchicalLoss(maths, { student: s, teacher }), student)
    expect(value).toBeCloseTo(0.7821219, 6)
    expectNear(
      gradient,
      [
        -0.0376674, -0.0733817, 0.0828683, -0.0242746, 0.1051897, -0.0019531, -0.0599888, 0.1542969, 0.031529,
        -0.093471, -0.171596, -0.0287388, -0.0756138, 0.1029576, -0.1180246, -0.0108817,
      ],
      6,
    )
  })

  it('is zero between equal maps', () => {
    expect(hierarchicalLoss(maths, { student: teacher, teacher }).dataSync()[0]).toBe(0)
  })

  it.each([[1], [2], [3], [4], [5], [8]])('is d² for a constant difference d between maps of side %i', (side) => {
    const maps = tf.randomNormal([2, side, side, 3], 0, 1, 'float32', 7)
    expect(hierarchicalLoss(maths, { student: maps.add(0.5), teacher: maps }).dataSync()[0]).toBeCloseTo(0.25, 6)
  })

  it('gives the teacher no gradient', () => {
    const inTeacher = (t: Tensor) => hierarchicalLoss(maths, { student, teacher: t }).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(16).fill(0))
  })
})

describe('the method reviewkd', () => {
  it('trains the modules of every level, and nobody exports them', async () => {
    const { plan, values } = await trainMethod(TRAINING)
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student', 'review:0', 'review:1', 'review:2'])
    const [start = {}, end = {}] = values
    const changed = Object.keys(start).filter((name) => start[name] !== end[name])
    for (const part of ['align:0', 'attend:0', 'imitate:0', 'align:1', 'attend:1', 'imitate:1', 'align:2', 'imitate:2'])
      expect(changed).toContain(`${part}/conv/kernel`)
    // there is nothing below the deepest level to attend to
    expect(Object.keys(start).filter((name) => name.startsWith('attend:2'))).toEqual([])
    expect(plan.deploy.role).toBe('student')
  })

  it('lets a deeper feature of the student reach every shallower level', async () => {
    const shallow = (taps: typeof LEVELS) => ({ ...PARAMS, taps })
    const spec = { steps: 1, optimizer: { name: 'sgd', learningRate: 0.05 } } as const
    const moved = async (taps: typeof LEVELS) => {
      const { values } = await trainMethod({ ...TRAINING, params: shallow(taps), spec })
      const [start = {}, end = {}] = values
      return Object.keys(start).filter((name) => start[name] !== end[name])
    }
    // nothing of the deepest level is compared at level 0 but what comes down the path
    expect(await moved(LEVELS)).toContain('align:2/conv/kernel')
    expect(await moved(LEVELS.slice(0, 1))).not.toContain('attend:0/conv/kernel')
  })

  it('has a path no wider than the deepest feature of the student', async () => {
    const { plan } = await trainMethod(TRAINING)
    const widths = plan.stages[0]?.players.slice(1).map(({ variables }) => variables[0]?.shape.at(-1))
    expect(widths).toEqual([4, 4, 4])
    const narrow = await trainMethod({ ...TRAINING, params: { ...PARAMS, width: 3 } })
    expect(narrow.plan.stages[0]?.players[1]?.variables[0]?.shape).toEqual([1, 1, 2, 3])
  })

  it('weighs nothing at epoch 0, and rises along a line', async () => {
    // nothing moves, so both runs see the same losses but for the weight
    const spec = { steps: 12, optimizer: { name: 'sgd', learningRate: 1e-30 } } as const
    const [warm = [], plain = []] = await Promise.all(
      [2, 0].map(async (warmupEpochs) => {
        const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, warmupEpochs }, spec })
        return losses['review'] ?? []
      }),
    )
    // three steps an epoch
    const shares = warm.map((value, i) => value / (plain[i] ?? 0))
    expectNear(shares.slice(0, 7), [0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1], 4)
    expectNear(shares.slice(7), [1, 1, 1, 1, 1], 4)
  })

  it('lowers its loss', async () => {
    const spec = { steps: 80, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses } = await trainMethod({ ...TRAINING, spec })
    expect(Object.keys(losses)).toEqual(['ce', 'review'])
    expect(losses['review']?.at(-1)).toBeLessThan((losses['review']?.[0] ?? 0) / 2)
  })

  it('takes vectors for maps of one place, and gives every teacher a path of its own', async () => {
    const taps = [{ student: 'stage1', teacher: 'stage1' }]
    const { plan, losses } = await trainMethod({
      ...TRAINING,
      params: { ...PARAMS, taps },
      student: tinyMlp(),
      teachers: [tinyCnn(3), tinyCnn(1)],
    })
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student', 'review:0@0', 'review:0@1'])
    expect(losses['review']?.every(Number.isFinite)).toBe(true)
  })
})

describe('the check of reviewkd', () => {
  it('takes levels of any shapes from the shallowest to the deepest', () => {
    expect(reviewkd.check?.(PARAMS, tinyJob())).toEqual([])
    expect(reviewkd.check?.({ ...PARAMS, taps: LEVELS.slice(2) }, tinyJob({ student: tinyMlp() }))).toEqual([])
    expect(reviewkd.check?.(PARAMS, tinyJob({ teacher: null }))).toEqual([])
  })

  it('refuses levels the wrong way round, on either side', () => {
    const faults = reviewkd.check?.({ ...PARAMS, taps: LEVELS.toReversed() }, tinyJob()) ?? []
    expect(faults.map(({ path, received }) => `${path} ${received}`)).toEqual([
      '/taps/1/student stage2',
      '/taps/2/student stage1',
      '/taps/1/teacher stage2',
      '/taps/2/teacher stage1',
    ])
  })

  it('names taps that are not there', () => {
    const taps = [{ student: 'stage1', teacher: 'stage1.pre' }]
    expect(reviewkd.check?.({ ...PARAMS, taps }, tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/teacher', received: 'stage1.pre' }),
    ])
  })
})
