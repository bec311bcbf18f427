import { describe, expect, it } from 'vitest'
import type { Plan, Stage } from '../contracts/method.ts'
import type { Variable } from '../contracts/tf.ts'
import { checkPlan } from './check-plan.ts'
import { stageSpans } from './stage-spans.ts'

const variable = (name: string) => ({ name }) as Variable
const [known, foreign] = [variable('known'), variable('foreign')]
const stage = (change: Partial<Stage> = {}): Stage => ({
  name: 'a',
  share: 1,
  players: [{ role: 'student', variables: [known] }],
  updates: [],
  ...change,
})
const plan = (...stages: Stage[]) => ({ stages, deploy: {} }) as unknown as Plan

describe('checkPlan', () => {
  it('lets a plan pass whose state a checkpoint holds', () => {
    expect(() => checkPlan(plan(stage({ share: 0.5 }), stage({ name: 'b', share: 0.5 })), [known])).not.toThrow()
  })

  it.each([
    ['shares that do not sum to one', plan(stage({ share: 0.5 })), /sum to 1; received 0.5/],
    ['two stages of one name', plan(stage({ share: 0.5 }), stage({ share: 0.5 })), /different names; received a, a/],
    [
      'two players of one role',
      plan(
        stage({
          players: [
            { role: 'x', variables: [] },
            { role: 'x', variables: [] },
          ],
        }),
      ),
      /two players have one role/,
    ],
    [
      'a player whose weights would be lost',
      plan(stage({ players: [{ role: 'x', variables: [known, foreign] }] })),
      /player "x" of stage "a".*received foreign/,
    ],
    [
      'a state that would be lost',
      plan(stage({ updates: [{ kind: 'state', name: 'ema', changes: [foreign], run: () => undefined }] })),
      /update "ema" of stage "a".*received foreign/,
    ],
  ])('refuses %s', (_what, wrong, message) => {
    expect(() => checkPlan(wrong, [known])).toThrow(message)
  })
})

describe('stageSpans', () => {
  it('shares the steps out without losing or repeating any', () => {
    const spans = stageSpans(
      plan(stage({ share: 1 / 3 }), stage({ name: 'b', share: 1 / 3 }), stage({ name: 'c', share: 1 / 3 })),
      100,
    )
    expect(spans).toEqual([
      { start: 0, steps: 33 },
      { start: 33, steps: 34 },
      { start: 67, steps: 33 },
    ])
  })
})
