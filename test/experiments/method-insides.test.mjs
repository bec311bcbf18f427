import { buildNetwork } from '@stillhouse/engine'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { openMethods, withTeacherFeature } from './method-insides.mjs'

beforeAll(() => tf.setBackend('cpu'))

/** @type {any} */
const architecture = {
  inputShape: [2],
  layers: [{ type: 'dense', name: 'linear', inputs: ['input'], units: 3, bias: true, init: 'he' }],
  output: 'linear',
  taps: {},
}
let jobs = 0
/** What the engine gives a method, as far as it is used here. @returns {any} */
function setup() {
  jobs += 1
  return {
    build: (/** @type {string} */ role) =>
      buildNetwork({ tf: /** @type {any} */ (tf), role: `${role}#${jobs}`, architecture, seed: jobs }),
    state: (/** @type {string} */ _, /** @type {tf.Tensor} */ initial) => tf.variable(initial),
  }
}
const step = { teacher: () => ({ logits: 'logits', tap: (/** @type {string} */ name) => name }) }
/** @param {(step: any) => any} seen @returns {any} */
const update = (seen) => ({ kind: 'state', name: 'look', changes: [], run: seen })
/** Builds a head and a state, and shows what it sees. @type {any} */
const term = {
  name: 'made-up',
  term: (/** @type {any} */ given) => {
    given.build('head', architecture)
    given.state('counts', tf.tensor1d([1, 2]))
    return { loss: (/** @type {any} */ s) => s.teacher(0).tap('one'), after: [update((s) => s.teacher(0).tap('one'))] }
  },
}
/** @type {any} */
const plan = {
  name: 'planned',
  plan: () => ({
    stages: [
      {
        name: 's',
        updates: [
          update((s) => s.teacher(0).tap('one')),
          { kind: 'gradient', loss: (/** @type {any} */ s) => s.teacher(0).tap('one') },
        ],
      },
    ],
  }),
}

describe('openMethods', () => {
  it('shows states of the plan that was made last, as they are now', () => {
    const { methods, state } = openMethods(/** @type {any} */ (tf), [term])
    for (const entry of /** @type {any[]} */ (methods)) {
      entry.term(setup())
      entry.term({ ...setup(), state: () => tf.variable(tf.tensor1d([7, 8])) })
    }
    expect(Array.from(state('counts'))).toEqual([7, 8])
    expect(() => state('other')).toThrow('counts')
  })

  it('applies a network as it is now or with its first weights, and leaves it as it is', () => {
    const { methods, apply } = openMethods(/** @type {any} */ (tf), [term])
    const given = setup()
    /** @type {any} */
    let head
    const build = (/** @type {string} */ role) => {
      head = given.build(role)
      return head
    }
    /** @type {any[]} */
    const [entry] = methods
    entry.term({ ...given, build })
    const features = { shape: [1, 2], values: Float32Array.from([1, 2]) }
    const before = apply('head', features)
    for (const variable of head.variables) variable.assign(tf.ones(variable.shape))
    expect(apply('head', features, { untrained: true })).toEqual(before)
    // 1 · 1 + 2 · 1 + 1
    expect(apply('head', features)).toEqual({ shape: [1, 3], values: Float32Array.from([4, 4, 4]) })
  })

  it.each([
    [
      'a term',
      (/** @type {any} */ entry) => {
        const made = entry.term(setup())
        return [made.loss(step), made.after[0].run(step)]
      },
      0,
    ],
    [
      'a plan',
      (/** @type {any} */ entry) => {
        const [first, second] = entry.plan(setup()).stages[0].updates
        return [first.run(step), second.loss(step)]
      },
      1,
    ],
  ])('shows losses and updates of %s the step that is tampered with', (_, seen, which) => {
    const tamper = (/** @type {any} */ s) => withTeacherFeature(s, 'one', (name) => `not ${name}`)
    const honest = openMethods(/** @type {any} */ (tf), [term, plan])
    const planted = openMethods(/** @type {any} */ (tf), [term, plan], tamper)
    expect(seen(honest.methods[which])).toEqual(['one', 'one'])
    expect(seen(planted.methods[which])).toEqual(['not one', 'not one'])
  })
})

describe('withTeacherFeature', () => {
  it('changes one tap of the first teacher and nothing else', () => {
    /** @type {any} */
    const changed = withTeacherFeature(/** @type {any} */ (step), 'one', () => 'changed')
    expect([changed.teacher(0).tap('one'), changed.teacher(0).tap('two'), changed.teacher(0).logits]).toEqual([
      'changed',
      'two',
      'logits',
    ])
    expect(changed.teacher(1).tap('one')).toBe('one')
  })
})
