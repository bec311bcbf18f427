import { describe, expect, it } from 'vitest'
import { definedMethods, definitionFaults, loadDefinition } from './definition.mjs'
import { quickened } from './quickened.mjs'
import { definition } from './report/fixture.mjs'
import { commonJob } from './settings.mjs'
import { bestOf } from './tuning.mjs'
import { readTuning } from './tuning-file.mjs'

describe.each(definedMethods())('the experiment %s', (slug) => {
  it('names only arms and metrics that it has', async () => {
    expect(definitionFaults(await loadDefinition(slug))).toEqual([])
  })

  it('draws samples and weights of every arm by the seed', async () => {
    const { arms, common } = await loadDefinition(slug)
    const jobs = [...arms.map(({ spec }) => spec(7)), ...(common ? [common(commonJob(7))] : [])]
    for (const job of jobs) expect(job).toMatchObject({ data: { seed: 7 }, train: { seed: 7 } })
  })

  it('uses what its tuning found best', async () => {
    const { tuning } = await loadDefinition(slug)
    const found = readTuning(slug)
    expect(tuning?.candidates.map(({ name }) => name)).toEqual(found?.candidates.map(({ name }) => name))
    expect(tuning?.chosen).toBe(found === null ? undefined : bestOf(found))
  })

  it('has an idea of three sentences', async () => {
    const { idea } = await loadDefinition(slug)
    expect(idea.match(/\.(\s|$)/g)).toHaveLength(3)
  })
})

describe('definitionFaults', () => {
  const [claim] = definition.mustShow

  it.each([
    [{ metric: 'speed' }, 'metric "speed"'],
    [{ of: 'newest' }, 'arm "newest"'],
    [{ against: 'oldest' }, 'arm "oldest"'],
    [{ rule: /** @type {const} */ ('non-inferior') }, 'needs a margin'],
  ])('names what is wrong with %j', (wrong, expected) => {
    const mustShow = claim ? [{ ...claim, ...wrong }] : []
    expect(definitionFaults({ ...definition, mustShow }).join()).toContain(expected)
  })
})

describe('quickened', () => {
  it('cuts the training of student and teacher to the same few steps', () => {
    const spec = { data: {}, teacher: { train: { epochs: 9 } }, train: { steps: 900, seed: 3 } }
    const quick = quickened(spec)
    expect(quick).toEqual({ data: {}, teacher: { train: { steps: 8 } }, train: { steps: 8, seed: 3 } })
  })

  it('leaves a teacher its epochs whose copies are asked for', () => {
    const teacher = { train: { epochs: 9 }, snapshots: { everyEpochs: 1 } }
    expect(quickened({ teacher, train: { steps: 900 } })).toMatchObject({ teacher })
  })

  it('reads less of MNIST, in the part that the job asks for', () => {
    const data = { name: 'mnist', params: { path: 'p' }, limit: 500 }
    const params = { path: 'p', train: 2000, test: 500 }
    expect(quickened({ data, train: {} })).toMatchObject({ data: { name: 'mnist', params, limit: 500 } })
  })
})
