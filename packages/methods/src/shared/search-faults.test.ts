import type { MethodJob } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { tinyJob } from '../testing/tiny-job.ts'
import { tinyMlp } from '../testing/tiny-networks.ts'
import { type SearchParams, searchFaults } from './search-faults.ts'

const NETWORK = tinyMlp(6)
const PARAMS: SearchParams = { searchShare: 0.5, select: 'gates', budget: 3, measure: 'units', lambda2: 0.2 }

describe('a job that searches for a student', () => {
  const job = (change: Partial<MethodJob> = {}) => tinyJob({ student: NETWORK, teachers: [NETWORK], ...change })
  const faults = (params: object, change: Partial<MethodJob> = {}) =>
    searchFaults({ ...PARAMS, ...params }, job(change))

  it('is taken with student and teacher of one kind, or a teacher that is not known yet', () => {
    expect(faults({})).toEqual([])
    expect(faults({}, { teachers: [null] })).toEqual([])
    expect(faults({ select: 'norm', searchShare: 0, lambda2: 0 })).toEqual([])
  })

  it('is refused where student and teacher are not one model', () => {
    const [fault] = faults({}, { teachers: [tinyMlp(7)] })
    expect(fault).toMatchObject({ in: 'job', path: '/teachers/0', expected: expect.stringContaining('123 weights') })
  })

  it('is refused where the teacher cannot be looked into', () => {
    const traits = { teachers: [null], teacherTraits: [{ snapshots: 0, foreign: true }] }
    expect(faults({}, traits)).toMatchObject([{ in: 'job', path: '/teachers/0', received: 'another format' }])
  })

  it('is refused where the student is no chain, with what is supported', () => {
    const layers = NETWORK.layers.map((layer) => (layer.name === 'logits' ? { ...layer, inputs: ['hidden'] } : layer))
    const [fault] = faults({}, { student: { ...NETWORK, layers } })
    expect(fault).toMatchObject({ in: 'job', path: '/student', expected: expect.stringContaining('a plain chain') })
    expect(fault).not.toHaveProperty('ok')
  })

  it.each([
    [{ budget: 7 }, /more than the student has/, '1 to 6 units, or a share of them from 0.167 on'],
    [{ budget: 0.1 }, /does not pay for a unit/, '1 to 6 units, or a share of them from 0.167 on'],
    [{ budget: 22, measure: 'params' }, /does not pay/, '23 to 123 params, or a share of them from 0.187 on'],
    [{ budget: 1000, measure: 'flops' }, /more than/, '19 to 114 flops, or a share of them from 0.167 on'],
  ])('is refused with a budget that no choice of units meets (%j)', (params, message, expected) => {
    const found = faults(params)
    expect(found).toMatchObject([{ path: '/budget', expected }])
    expect(found[0]?.message).toMatch(message)
  })

  it('looks at no budget where zeros decide', () => {
    expect(faults({ select: 'zeros', budget: 1e6 })).toEqual([])
  })

  it.each(['gates', 'zeros'])('is refused without a search or a pull where %s decide', (select) => {
    expect(faults({ select, searchShare: 0, lambda2: 0 }).map(({ path }) => path)).toEqual(['/searchShare', '/lambda2'])
  })
})
