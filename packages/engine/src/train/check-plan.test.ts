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

const check = (wrong: Plan, before: Stage[] = []) => {
  return () => checkPlan({ plan: wrong, before, kept: [known] })
}

describe('checkPlan', () => {
  it('lets a plan pass whose state a checkpoint holds', () => {
    expect(check(plan(stage({ share: 0.5 }), stage({ name: 'b', share: 0.5 })))).not.toThrow()
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
    expect(check(wrong)).toThrow(message)
  })

  it('counts shares and names on from the plans before', () => {
    const before = [stage({ share: 0.5 })]
    const next = { decide: async () => null, plan: () => plan() }
    expect(check(plan(stage({ name: 'b', share: 0.5 })), before)).not.toThrow()
    expect(check(plan(stage({ share: 0.5 })), before)).toThrow(/different names; received a, a/)
    expect(check(plan(stage({ name: 'b' })), before)).toThrow(/sum to 1; received 0.5 \+ 1/)
    expect(check({ ...plan(stage({ share: 0.5 })), next })).not.toThrow()
    expect(check({ ...plan(stage()), next })).toThrow(/leave some of 1/)
  })
})

describe('stageSpans', () => {
  it('shares the steps out without losing or repeating any', () => {
    const spans = stageSpans(
      ['a', 'b', 'c'].map((name) => stage({ name, share: 1 / 3 })),
      100,
    )
    expect(spans).toEqual([
      { start: 0, steps: 33 },
      { start: 33, steps: 34 },
      { start: 67, steps: 33 },
    ])
  })
})
