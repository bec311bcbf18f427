// What a job's methods are told of its teachers, sums and data sets, and what follows from it at submit.
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import type { DataFormat } from '../contracts/data-format.ts'
import type { Method, MethodJob } from '../contracts/method.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { checkJob } from './check-job.ts'

const shelves = tinyShelves()
const upload = { from: { upload: 'a'.repeat(64) } }
const graph = { foreign: true, job: null }
const train = { epochs: 3, batchSize: 20 }

/** The shelf with one method changed. */
function withMethod(name: string, change: Partial<Method>) {
  const methods = shelves.methods.map((method) => (method.name === name ? { ...method, ...change } : method) as Method)
  return { ...shelves, methods }
}

/** What the method `imitate` sees of a job. */
function seenOf(change: Record<string, unknown>, kept: Parameters<typeof checkJob>[2] = []): MethodJob {
  const seen: MethodJob[] = []
  const check = (_: unknown, job: MethodJob) => {
    seen.push(job)
    return []
  }
  expect(checkJob(tinyJob(change), withMethod('imitate', { check }), kept)).toEqual([])
  return seen.at(-1) as MethodJob
}

describe('the teachers that a method sees at submit', () => {
  it.each([
    ['none', {}, 0],
    ['those before its end', { train, snapshots: { everyEpochs: 1 } }, 2],
    ['those before its end, where the epochs are no multiple', { train, snapshots: { everyEpochs: 2 } }, 1],
    ['none when the interval is as long as the training', { train, snapshots: { everyEpochs: 3 } }, 0],
    ['a number that the data decides', { train: { steps: 9, batchSize: 20 }, snapshots: { everyEpochs: 1 } }, null],
  ])('leave copies on their way: %s', (_, change, snapshots) => {
    const { teacherTraits } = seenOf({ teacher: { model: 'mlp', train, ...change } })
    expect(teacherTraits).toEqual([{ snapshots, foreign: false }])
  })

  it('are foreign where the service says so', () => {
    const teachers = [upload, { model: 'mlp', train }]
    const { teacherTraits } = seenOf({ teachers }, [graph, null])
    expect(teacherTraits?.map(({ foreign }) => foreign)).toEqual([true, false])
  })

  it('have the network of the job that they come from, as it is once it is loaded', () => {
    const job = tinyJob({ methods: [{ name: 'labels' }], student: { model: 'mlp', params: { hidden: 5 } } })
    const { teachers } = seenOf({ teacher: upload }, [{ foreign: false, job }])
    expect(teachers[0]?.taps).toEqual({ logits: expect.any(String) })
    expect(teachers[0]?.layers).toContainEqual(expect.objectContaining({ type: 'dense', units: 5 }))
  })

  it('are unknown where the method of that job may have exported another network', () => {
    expect(seenOf({ teacher: upload }, [{ foreign: false, job: tinyJob() }]).teachers).toEqual([null])
    expect(seenOf({ teacher: upload }).teachers).toEqual([null])
  })
})

describe('a method that runs its teachers itself', () => {
  const needs = { teachers: { min: 1, max: 2 }, labels: true, teacherNetworks: true }

  it('refuses graphs of other runtimes, and takes networks', () => {
    const own = withMethod('imitate', { needs })
    const job = tinyJob({ teachers: [{ model: 'mlp', train }, upload] })
    expect(checkJob(job, own, [null, graph])).toEqual([
      expect.objectContaining({ path: '/teachers/1/from', expected: expect.stringContaining('tfjs-layers') }),
    ])
    expect(checkJob(job, own, [null, { ...graph, foreign: false }])).toEqual([])
    expect(checkJob(job, shelves, [null, graph])).toEqual([])
  })
})

describe('the batch of a teacher', () => {
  const check = (limit: number, own?: number) => {
    const teacher = { model: 'mlp', train: { epochs: 1, batchSize: 20 }, ...(own && { data: { limit: own } }) }
    const data = { name: 'blobs', limit }
    return checkJob(tinyJob({ data, teacher, train: { epochs: 1, batchSize: 5 } }), shelves).map(({ path }) => path)
  }

  it('is held against the samples that are its own', () => {
    expect(check(10)).toEqual(['/teachers/0/train/batchSize'])
    expect(check(40, 10)).toEqual(['/teachers/0/train/batchSize'])
    expect(check(10, 40)).toEqual([])
  })
})

describe("a method's fault", () => {
  it('lies in its parameters, or anywhere in the job', () => {
    const fault = { message: 'no', expected: 'yes', received: 'no' }
    const check = () => [
      { ...fault, path: '/tap' },
      { ...fault, path: '/teachers/0/snapshots', in: 'job' as const },
    ]
    expect(checkJob(tinyJob(), withMethod('imitate', { check }))).toEqual([
      { ...fault, path: '/method/params/tap' },
      { ...fault, path: '/teachers/0/snapshots' },
    ])
  })
})

describe('a sum of losses', () => {
  const check = (methods: object[], change = {}, own = shelves) => checkJob(tinyJob({ methods, ...change }), own)

  it('has each loss once, other parameters making it another', () => {
    const match = { name: 'match' }
    expect(check([{ name: 'labels' }, match, { ...match, params: { tap: 'logits' } }])).toEqual([])
    expect(check([match, { name: 'labels' }, { ...match, params: { tap: 'penultimate' }, weight: 2 }])).toEqual([
      expect.objectContaining({ path: '/stages/0/methods/2', received: 'match' }),
    ])
  })

  it('has a loss again in another stage', () => {
    const stages = ['a', 'b'].map((name) => ({ name, share: 0.5, methods: [{ name: 'match' }] }))
    expect(checkJob(tinyJob({ stages }), shelves)).toEqual([])
  })

  it('draws negatives of one kind', () => {
    const draws = (params: unknown) => ({
      negatives: { count: (params as { tap: string }).tap.length, from: 'others' as const },
    })
    const own = withMethod('match', { draws } as Partial<Method>)
    const match = (tap: string) => ({ name: 'match', params: { tap } })
    expect(check([match('stage1'), match('logits')], {}, own)).toEqual([])
    expect(check([match('logits'), match('penultimate')], {}, own)).toEqual([
      expect.objectContaining({
        path: '/stages/0/methods/1/params',
        expected: expect.stringContaining('6 from others'),
      }),
    ])
  })

  it('uses the teachers and data sets that one of its losses uses', () => {
    const needs = { teachers: { min: 0, max: 0 }, labels: true, sources: ['extra'] }
    const own = withMethod('labels', { needs })
    const sources = { extra: { name: 'blobs' } }
    expect(check([{ name: 'labels' }, { name: 'match' }], { sources }, own)).toEqual([])
    expect(check([{ name: 'labels' }], { sources }, own)).toEqual([
      expect.objectContaining({ path: '/teachers', message: expect.stringContaining('fewer'), expected: '0 teachers' }),
    ])
    expect(check([{ name: 'match' }], { sources }, own).map(({ path }) => path)).toEqual(['/sources/extra'])
  })
})

describe('the place of a data set', () => {
  const [blobs] = shelves.data as [DataFormat]
  const parameters = Type.Object({ path: Type.Optional(Type.String()) }, { additionalProperties: false })
  const shelf = (needsFiles: boolean) => ({
    ...shelves,
    data: [blobs, { ...blobs, name: 'files', parameters, needsFiles }],
  })
  const from = { upload: 'a'.repeat(64) }
  const check = (data: object, needsFiles = true) =>
    checkJob(tinyJob({ data: { name: 'files', ...data } }), shelf(needsFiles))
  const at = (path: string) => ({ params: { path } })

  it.each([
    ['nowhere', {}, '/data/from', 'neither'],
    ['at a path that is not whole', at('set'), '/data/params/path', 'set'],
    ['at a whole path below an upload', { ...at('/set'), from }, '/data/params/path', '/set'],
    ['above an upload', { ...at('a/../..'), from }, '/data/params/path', 'a/../..'],
    ['in a file of an upload, of a set that is read from none', { name: 'blobs', from }, '/data/from', 'files'],
  ])('may not be %s', (_, data, path, received) => {
    expect(check(data)).toEqual([expect.objectContaining({ path, received })])
  })

  it.each([[{ ...at('/set') }], [{ from }], [{ ...at('a/../b'), from }], [{ ...at('..b'), from }]])(
    'may be %j',
    (data) => {
      expect(check(data)).toEqual([])
    },
  )

  it('need not be told where the set may have its files itself', () => {
    expect(check({}, false)).toEqual([])
    expect(check(at('set'), false).map(({ path }) => path)).toEqual(['/data/params/path'])
  })
})
