import { RESULT_METRICS } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import type { MethodJob } from '../contracts/method.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { catalogOf } from './catalog-of.ts'
import { checkJob } from './check-job.ts'

const shelves = tinyShelves()
const check = (change: Record<string, unknown>) => checkJob(tinyJob(change), shelves)
const teacher = { model: 'cnn', train: { epochs: 1, batchSize: 20 } }

describe('checkJob', () => {
  it('finds nothing wrong with a job that can run', () => {
    expect(check({})).toEqual([])
    expect(check({ teacher: { from: { upload: 'a'.repeat(64) } } })).toEqual([])
  })

  it.each([
    ['an unknown method', { method: { name: 'imitat' } }, '/method/name', /no method "imitat"/, 'imitate'],
    ['an unknown student', { student: { model: 'mpl' } }, '/student/model', /no model "mpl"/, 'mlp'],
    ['an unknown teacher', { teacher: { ...teacher, model: 'ccn' } }, '/teachers/0/model', /no model "ccn"/, 'cnn'],
    ['an unknown data set', { data: { name: 'blob' } }, '/data/name', /no data set "blob"/, 'blobs'],
    [
      'an unknown export format',
      { export: [{ format: 'file' }] },
      '/export/0/format',
      /no export format "file"/,
      'files',
    ],
  ])('names %s, with the nearest there is', (_what, change, path, message, suggestion) => {
    expect(check(change)).toEqual([
      expect.objectContaining({ path, message: expect.stringMatching(message), suggestion }),
    ])
  })

  it.each([
    [
      'a parameter of the wrong type',
      { student: { model: 'mlp', params: { hidden: 'big' } } },
      '/student/params/hidden',
      'number',
      'big',
    ],
    [
      'a parameter that there is not',
      { method: { name: 'imitate', params: { heat: 1 } } },
      '/method/params/heat',
      'temperature',
      'heat',
    ],
    [
      'a parameter out of range',
      { teacher: { ...teacher, params: { width: 0 } } },
      '/teachers/0/params/width',
      '>= 1',
      '0',
    ],
    [
      "a family's own fault",
      { student: { model: 'cnn', params: { width: 13 } } },
      '/student/params/width',
      'not 13',
      '13',
    ],
    [
      "a method's own fault",
      { method: { name: 'imitate', params: { tap: 'stage7' } } },
      '/method/params/tap',
      'penultimate',
      'stage7',
    ],
    [
      'outputs that do not fit the classes',
      { student: { model: 'cnn', params: { classes: 5 } } },
      '/student/params',
      '[3]',
      '[5]',
    ],
    [
      'an input that the model cannot take',
      {
        student: { model: 'cnn' },
        data: { name: 'blobs', params: { flat: true } },
        teacher: { ...teacher, model: 'mlp' },
        train: { epochs: 1, batchSize: 20 },
      },
      '/student/params',
      '[height, width, channels]',
      '[36]',
    ],
    ['too few teachers', { teachers: [] }, '/teachers', '1 to 2', '0'],
    ['too many teachers', { teachers: [teacher, teacher, teacher] }, '/teachers', '1 to 2', '3'],
    [
      'a batch larger than the limit',
      { data: { name: 'blobs', limit: 10 }, teacher: { ...teacher, train: { epochs: 1, batchSize: 5 } } },
      '/train/batchSize',
      '10',
      '20',
    ],
    [
      'image augmentation of vectors',
      {
        data: { name: 'blobs', params: { flat: true } },
        teacher: { ...teacher, model: 'mlp' },
        train: { epochs: 1, batchSize: 20, augment: { shift: 2 } },
      },
      '/train/augment/shift',
      'height',
      '[36]',
    ],
  ])('faults %s', (_what, change, path, expected, received) => {
    expect(check(change)).toContainEqual(
      expect.objectContaining({
        path,
        expected: expect.stringContaining(expected),
        received: expect.stringContaining(received),
      }),
    )
  })

  const alone = { teachers: [] }
  const stage = { name: 'a', share: 1, methods: [{ name: 'labels' }] }
  it.each([
    ['a teacher where peers are asked for', { ...alone, method: { name: 'side' } }, '/peers', '1 to 2', '0'],
    ['peers that nobody trains', { peers: [{ model: 'mlp' }] }, '/peers', '0 peers', '1'],
    [
      "a peer's own fault",
      { ...alone, method: { name: 'side' }, peers: [{ model: 'cnn', params: { width: 13 } }] },
      '/peers/0/params/width',
      'not 13',
      '13',
    ],
    [
      'a trained teacher where the method trains it',
      { method: { name: 'together' }, sources: { extra: { name: 'blobs' } } },
      '/teachers/0/trainable',
      'true',
      'false',
    ],
    ['a further data set that is missing', { method: { name: 'together' } }, '/sources/extra', 'data set', 'nothing'],
    ['one that nobody uses', { sources: { spare: { name: 'blobs' } } }, '/sources/spare', 'no sources', 'spare'],
    [
      'mixed labels where single ones are needed',
      { method: { name: 'together' }, train: { epochs: 1, batchSize: 20, augment: { mixup: 0.2 } } },
      '/train/augment/mixup',
      'no mixup',
      '0.2',
    ],
    [
      'a batch too small to compare samples in',
      { method: { name: 'together' }, train: { epochs: 1, batchSize: 2 } },
      '/train/batchSize',
      'at least 4',
      '2',
    ],
    [
      'a method with a plan of its own in a sum',
      { methods: [{ name: 'side' }] },
      '/stages/0/methods/0/name',
      'one of labels, match',
      'side',
    ],
    [
      "a term's parameters",
      { methods: [{ name: 'match', params: { tip: 'x' } }] },
      '/stages/0/methods/0/params/tip',
      'tap',
      'tip',
    ],
    [
      'a pattern that no layer matches',
      { stages: [{ ...stage, train: ['fc9*'] }] },
      '/stages/0/train/0',
      'fc1',
      'fc9*',
    ],
  ])('refuses %s', (_what, change, path, expected, received) => {
    expect(check(change)).toContainEqual(
      expect.objectContaining({
        path,
        expected: expect.stringContaining(expected),
        received: expect.stringContaining(received),
      }),
    )
  })

  it('takes peers, teachers that are trained along, and sums of losses', () => {
    const extra = { extra: { name: 'blobs' } }
    const trainable = { model: 'mlp', trainable: true }
    expect(check({ ...alone, method: { name: 'side' }, peers: [{ model: 'mlp' }] })).toEqual([])
    expect(check({ method: { name: 'together' }, teacher: trainable, sources: extra })).toEqual([])
    expect(check({ methods: [{ name: 'labels' }, { name: 'match', weight: 2 }] })).toEqual([])
  })

  it('tells a method whether the labels of samples are mixed', () => {
    const seen: unknown[] = []
    const watching = shelves.methods.map((method) => ({
      ...method,
      check: (_: unknown, { mixedLabels }: MethodJob) => {
        seen.push(mixedLabels)
        return []
      },
    }))
    for (const augment of [{ shift: 1 }, { mixup: 0.2 }])
      checkJob(tinyJob({ train: { epochs: 1, batchSize: 20, augment } }), { ...shelves, methods: watching })
    expect(seen).toEqual([false, true])
  })

  it('lists the faults of all parts at once', () => {
    const faults = check({
      method: { name: 'x-y' },
      student: { model: 'z-z' },
      data: { name: 'blobs', params: { flat: 3 } },
      export: [{ format: 'q' }],
    })
    expect(faults.map(({ path }) => path).sort()).toEqual([
      '/data/params/flat',
      '/export/0/format',
      '/method/name',
      '/student/model',
    ])
  })
})

describe('catalogOf', () => {
  it('shows every entry with a plain JSON Schema of its parameters', () => {
    const catalog = catalogOf(shelves)
    expect(catalog.models.map(({ name }) => name)).toEqual(['mlp', 'cnn'])
    expect(catalog.methods[0]?.parameters).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: { temperature: { default: 2 } },
    })
    expect(catalog.jobSchema).toMatchObject({ title: 'Stillhouse job' })
    expect(catalog.metrics).toEqual(RESULT_METRICS)
    expect(JSON.parse(JSON.stringify(catalog))).toEqual(catalog)
  })
})
