import { describe, expect, it } from 'vitest'
import { createWatch, seenOnce } from './watch.mjs'

const network = (/** @type {string} */ role) => /** @type {any} */ ({ role })

/** A method of one stage with an adapter. @param {string[]} [order] what happens when */
const method = (order = []) => ({
  name: 'made-up',
  plan: (/** @type {any} */ { build }) => ({
    adapter: build('adapter'),
    stages: [{ name: 'only', begin: () => void order.push('begin of the method') }],
  }),
})

const setup = () => ({
  student: network('student'),
  teachers: [{ network: network('teacher') }, { network: null }],
  peers: [{ network: network('peers[0]') }],
  build: network,
})

/** @param {import('./watch.mjs').Watch} watch */
function watched(watch) {
  /** @type {import('./watch.mjs').Point[]} */
  const points = []
  return { points, ...createWatch({ watch, points, probe: async () => /** @type {any} */ (null) }) }
}

describe('createWatch', () => {
  it('hands out every network of the job by its role', async () => {
    /** @type {string[]} */
    const roles = []
    const { methods, see } = watched(async (moment) => {
      for (const role of ['student', 'teacher', 'peers[0]', 'adapter']) roles.push(moment.network(role).role)
      return {}
    })
    methods([method()])[0].plan(setup())
    await see(/** @type {any} */ ({ type: 'eval', stage: 'only', step: 1 }))
    expect(roles).toEqual(['student', 'teacher', 'peers[0]', 'adapter'])
  })

  it('names the roles there are when asked for another', async () => {
    const { methods, see } = watched(async (moment) => ({ size: moment.network('critic').role.length }))
    methods([method()])[0].plan(setup())
    const seen = see(/** @type {any} */ ({ type: 'eval', stage: 'only', step: 1 }))
    await expect(seen).rejects.toThrow('student, teacher, peers[0], adapter')
  })

  it('looks at a stage before its first step, as the method begins it, and after its last', async () => {
    /** @type {string[]} */
    const order = []
    const { methods, see, points } = watched(async ({ when, step }) => {
      order.push(when)
      return { [when]: step }
    })
    const plan = methods([method(order)])[0].plan(setup())
    await plan.stages[0].begin(null)
    await see(/** @type {any} */ ({ type: 'checkpoint', stage: 'only', step: 9 }))
    expect(order).toEqual(['begin of the method', 'begin', 'end'])
    expect(points).toEqual([
      { name: 'begin', stage: 'only', step: 0, value: 0 },
      { name: 'end', stage: 'only', step: 9, value: 9 },
    ])
  })

  it('sees nothing of trainings before that of the method', async () => {
    const { see, points } = watched(async () => ({ seen: 1 }))
    await see(/** @type {any} */ ({ type: 'checkpoint', stage: 'teacher', step: 9 }))
    expect(points).toEqual([])
  })

  it('leaves terms as they are', () => {
    const term = { name: 'term', term: () => ({}) }
    expect(watched(async () => ({})).methods([term])).toEqual([term])
  })
})

describe('seenOnce', () => {
  /** @param {number[]} values @returns {any} */
  const run = (values) => ({ points: values.map((value) => ({ name: 'gain', stage: 's', step: 1, value })) })

  it('gives the value of that name', () => {
    expect(seenOnce(run([0.5]), 'gain')).toBe(0.5)
  })

  it('refuses to choose among several, and to make one up', () => {
    expect(() => seenOnce(run([1, 2]), 'gain')).toThrow('2 times')
    expect(() => seenOnce(run([1]), 'loss')).toThrow('0 times')
  })
})
