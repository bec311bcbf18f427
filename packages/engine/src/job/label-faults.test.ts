import { describe, expect, it } from 'vitest'
import type { Shelves } from '../contracts/shelves.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { checkJob } from './check-job.ts'

const shelves = tinyShelves()
const [blobs] = shelves.data as [Shelves['data'][number]]
const bare = {
  ...blobs,
  name: 'bare',
  signature: (params: unknown) => ({ ...blobs.signature(params), trainLabels: false }) as const,
}
const [imitate] = shelves.methods as [Shelves['methods'][number]]
const free = { ...imitate, name: 'free', withoutLabels: () => [] }
const picky = {
  ...imitate,
  name: 'picky',
  withoutLabels: () => [{ path: '/temperature', message: 'reads labels', expected: 'another', received: '2' }],
}
const all: Shelves = {
  ...shelves,
  data: [blobs, bare],
  methods: [...shelves.methods, free, picky, { ...free, name: 'drawing', needs: { ...free.needs, sources: ['more'] } }],
}
const elsewhere = { from: { upload: 'a'.repeat(64) } }
const job = (change: object) => ({
  data: { name: 'bare' },
  teacher: elsewhere,
  method: { name: 'free' },
  evaluate: { latencyRuns: 0 },
  ...change,
})
const check = (change: object) => checkJob(tinyJob(job(change)), all)

describe('a job whose training samples have no labels', () => {
  it('is taken with a method that reads none', () => {
    expect(check({})).toEqual([])
    expect(check({ data: { name: 'bare', limit: 60, balanced: false, normalise: 'standard' } })).toEqual([])
    expect(check({ method: undefined, methods: [{ name: 'match' }] })).toEqual([])
  })

  it.each<[string, object, string]>([
    ['a method that learns from them', { method: { name: 'imitate' } }, '/method'],
    ['parameters that read them', { method: { name: 'picky' } }, '/method/params/temperature'],
    [
      'a term of a sum that learns from them',
      { method: undefined, methods: [{ name: 'labels' }] },
      '/stages/0/methods/0',
    ],
    ['cross-entropy that is added to a term', { method: { name: 'match' } }, '/method'],
    ['a teacher that is trained on them', { teacher: { model: 'mlp', train: { epochs: 1 } } }, '/teachers/0/train'],
    ['a control', { evaluate: { baseline: true } }, '/evaluate/baseline'],
    ['samples held out', { data: { name: 'bare', validation: 0.2 } }, '/data/validation'],
    ['label noise', { data: { name: 'bare', labelNoise: 0.1 } }, '/data/labelNoise'],
    ['a balanced part', { data: { name: 'bare', limit: 30 } }, '/data/balanced'],
    ['mixed labels', { train: { epochs: 1, batchSize: 20, augment: { mixup: 0.2 } } }, '/train/augment/mixup'],
  ])('is refused with %s', (_what, change, path) => {
    expect(check(change)).toEqual([expect.objectContaining({ path, message: expect.any(String) })])
  })

  it('cannot stop early by what is held out of them', () => {
    const train = { epochs: 1, batchSize: 20, earlyStopping: { patience: 2 } }
    const paths = check({ data: { name: 'bare', validation: 0.2 }, train }).map(({ path }) => path)
    expect(paths).toEqual(['/data/validation', '/train/earlyStopping'])
  })

  it('may have them in a further data set only where its method reads none', () => {
    const sources = { more: { name: 'bare' } }
    expect(check({ method: { name: 'drawing' }, sources })).toEqual([])
    const reading = { ...all, methods: [{ ...imitate, needs: { ...imitate.needs, sources: ['more'] } }] }
    const spec = tinyJob(job({ data: { name: 'blobs' }, method: { name: 'imitate' }, sources }))
    expect(checkJob(spec, reading)).toEqual([expect.objectContaining({ path: '/sources/more' })])
  })
})
