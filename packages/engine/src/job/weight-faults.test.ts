import { describe, expect, it } from 'vitest'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { checkJob } from './check-job.ts'

const shelves = tinyShelves()
const check = (change: Record<string, unknown>) => checkJob(tinyJob(change), shelves)
const train = (groups: object[]) => ({ epochs: 1, batchSize: 20, optimizer: { groups } })
const stage = (change: object) => ({
  method: undefined,
  stages: [{ name: 'only', share: 1, methods: [{ name: 'labels' }], ...change }],
})
const taught = (groups: object[]) => ({ teacher: { model: 'mlp', train: train(groups) } })

describe('patterns of optimizer.groups', () => {
  it.each<[string, object]>([
    ['weights of the student', { train: train([{ match: 'student/*/kernel', weightDecay: 0 }, { match: '*/bias' }]) }],
    ['what a term may train beside it', { train: train([{ match: 'adapter*/*' }, { match: '*adapter:*' }]) }],
    [
      'peers',
      { method: { name: 'side' }, teachers: [], peers: [{ model: 'mlp' }], train: train([{ match: 'peers[0]/*' }]) },
    ],
    ['weights of the teacher in its own training', taught([{ match: 'teacher/*/kernel', weightDecay: 0 }])],
  ])('may name %s', (_what, change) => {
    expect(check({ evaluate: { latencyRuns: 0 }, ...change })).toEqual([])
  })

  it.each<[string, Record<string, unknown>, string, string]>([
    [
      'no layer of the student',
      { train: train([{ match: 'student/stage9*/*' }]) },
      '/train/optimizer/groups/0/match',
      'student/stage9*/*',
    ],
    [
      'a layer without the role',
      { train: train([{ match: '*' }, { match: 'logits/kernel' }]) },
      '/train/optimizer/groups/1/match',
      'logits/kernel',
    ],
    ['the role alone', { train: train([{ match: 'student' }]) }, '/train/optimizer/groups/0/match', 'student'],
    [
      'statistics, which no optimiser moves',
      { train: train([{ match: 'student/*/moving_mean' }]) },
      '/train/optimizer/groups/0/match',
      'student/*/moving_mean',
    ],
    [
      'nothing in a stage',
      stage({ optimizer: { groups: [{ match: 'student/stage9' }] } }),
      '/stages/0/optimizer/groups/0/match',
      'student/stage9',
    ],
    [
      'the student in the training of its teacher',
      taught([{ match: 'student/*' }]),
      '/teachers/0/train/optimizer/groups/0/match',
      'student/*',
    ],
  ])('are refused where they name %s', (_what, change, path, received) => {
    expect(check(change)).toEqual([
      {
        path,
        message: expect.stringContaining('no weight matches'),
        expected: expect.stringMatching(/^a pattern over (student|teacher)\/\S+\/kernel/),
        received,
      },
    ])
  })
})

describe('a training that would change nothing', () => {
  const frozen = [{ match: '*', frozen: true }]

  it.each<[string, Record<string, unknown>, string]>([
    ['freezes all layers', stage({ freeze: ['*'] }), '/stages/0/freeze'],
    ['trains layers without weights', stage({ train: ['flat', 'relu*', 'drop*'] }), '/stages/0/train'],
    ['trains and freezes the same', stage({ train: ['logits'], freeze: ['log*'] }), '/stages/0/freeze'],
    ['freezes all weights of a stage', stage({ optimizer: { groups: frozen } }), '/stages/0/optimizer/groups'],
    [
      'freezes all weights',
      { method: undefined, methods: [{ name: 'labels' }], train: train(frozen) },
      '/train/optimizer/groups',
    ],
    ['freezes the teacher that it trains', taught(frozen), '/teachers/0/train/optimizer/groups'],
  ])('is refused when it %s', (_what, change, path) => {
    expect(check(change)).toEqual([
      {
        path,
        message: expect.stringContaining('stays as it is'),
        expected: expect.stringContaining('some of its weights'),
        received: 'none to train',
      },
    ])
  })
})
