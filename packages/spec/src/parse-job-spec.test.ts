import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fault } from './fault.ts'
import { faultsAsWritten, parseJobSpec } from './parse-job-spec.ts'

const job = {
  name: 'digits',
  data: { name: 'mnist' },
  student: { model: 'cnn' },
  method: { name: 'none' },
  train: { epochs: 3 },
}
const trained = { model: 'resnet', train: { epochs: 5 } }

function faultsOf(input: unknown): Fault[] {
  const parsed = parseJobSpec(input)
  return parsed.ok ? [] : parsed.faults
}

function specOf(input: unknown) {
  const parsed = parseJobSpec(input)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.spec
}

describe('parseJobSpec fills in what a user may leave out', () => {
  it('every default, down to the optimiser', () => {
    expect(specOf(job)).toEqual({
      ...job,
      task: 'classification',
      data: { name: 'mnist', balanced: true, seed: 0 },
      teachers: [],
      peers: [],
      sources: {},
      train: {
        epochs: 3,
        accumulate: 1,
        keep: 'last',
        teacherCache: 'auto',
        batchSize: 64,
        optimizer: { name: 'adam', learningRate: 0.001 },
        schedule: { name: 'constant' },
        seed: 0,
        checkpointSeconds: 20,
        compile: true,
      },
      evaluate: { split: 'test', everyEpochs: 1, baseline: false, batchSize: 500, latencyRuns: 100 },
      gates: {},
      export: [{ format: 'tfjs-layers' }],
      resources: { gpus: 0, labels: {}, attempts: 3, loaderThreads: 1 },
      priority: 50,
      labels: {},
    })
  })

  it('methods as the one stage that they make up', () => {
    const { method: _, ...rest } = job
    const spec = specOf({ ...rest, methods: [{ name: 'none' }, { name: 'at', weight: 1000 }] })
    expect(spec.stages).toEqual([
      {
        name: 'distil',
        share: 1,
        methods: [
          { name: 'none', weight: 1 },
          { name: 'at', weight: 1000 },
        ],
      },
    ])
    expect(spec).not.toHaveProperty('methods')
  })

  it('a teacher as a list of one', () => {
    expect(specOf({ ...job, teacher: trained }).teachers).toMatchObject([{ model: 'resnet', weight: 1 }])
    expect(specOf({ ...job, teacher: trained })).not.toHaveProperty('teacher')
  })

  it('and gives back a spec that it takes again unchanged', () => {
    const spec = specOf({ ...job, teacher: trained, gates: { accuracy: '>= 0.9' }, labels: { team: 'a' } })
    expect(specOf(spec)).toEqual(spec)
  })

  it('without touching the input', () => {
    const input = { ...job, teacher: trained }
    const before = structuredClone(input)
    parseJobSpec(input)
    expect(input).toEqual(before)
  })
})

describe('parseJobSpec names every fault of a job', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'job'],
    ['a list', [job]],
    ['a number', 3],
  ])('when the job is %s', (_what, input) => {
    expect(faultsOf(input)).toMatchObject([{ path: '', message: 'a job is an object' }])
  })

  it('of schema and rules in one answer', () => {
    const paths = faultsOf({
      ...job,
      name: '',
      prority: 3,
      train: { epochs: 3, optimizer: { name: 'adam', momentum: 0.9 } },
      teacher: {},
      gates: { accuracy: 0.97, acuracy: '>= 0.97' },
      labels: { 'a label': 'x' },
      evaluate: { split: 'validation' },
    }).map(({ path }) => path)
    expect(paths.sort()).toEqual([
      '/evaluate/split',
      '/gates/accuracy',
      '/gates/acuracy',
      '/labels/a label',
      '/name',
      '/prority',
      '/teacher/model',
      '/teacher/train',
      '/train/optimizer/momentum',
    ])
  })

  it('with the field that was meant', () => {
    const suggestion = (input: object) => faultsOf({ ...job, ...input })[0]?.suggestion
    expect(suggestion({ techer: trained })).toBe('teacher')
    expect(suggestion({ gate: {} })).toBe('gates')
    expect(suggestion({ train: { epoch: 3, epochs: 3 } })).toBe('epochs')
    expect(suggestion({ gates: { acc: '>= 0.9' } })).toBe('accuracy')
  })

  it('as required when it is missing', () => {
    expect(faultsOf({ name: 'a' }).map(({ path }) => path)).toEqual(['/data', '/student', '/train', '/method'])
  })

  it('of stages: their names, their shares, their optimisers', () => {
    const { method: _, ...rest } = job
    const stage = { name: 'a', share: 0.5, methods: [{ name: 'none' }] }
    const stages = [
      { ...stage, optimizer: { name: 'adam', momentum: 0.9 } },
      { ...stage, share: 0.25 },
    ]
    expect(faultsOf({ ...rest, stages }).map(({ path }) => path)).toEqual([
      '/stages/1/name',
      '/stages/0/optimizer/momentum',
      '/stages',
    ])
    expect(faultsOf({ ...rest, methods: [{ name: 'none', weight: -1 }] })[0]?.path).toBe('/methods/0/weight')
    expect(faultsOf({ ...job, stages: [{ ...stage, share: 1 }] })[0]).toMatchObject({
      path: '/method',
      received: 'more than one',
    })
  })

  it('of choosing by the test split', () => {
    const train = { epochs: 3, keep: 'best', earlyStopping: { patience: 2 } }
    expect(faultsOf({ ...job, train }).map(({ path }) => path)).toEqual(['/train/keep', '/train/earlyStopping'])
    expect(faultsOf({ ...job, train, data: { name: 'mnist', validation: 0.1 } })).toEqual([])
  })

  it('of further data sets: their names and what they are', () => {
    const sources = { Extra: { name: 'mnist' }, data: { name: 'mnist' }, spare: { name: 'mnist', limit: 0 } }
    expect(faultsOf({ ...job, sources }).map(({ path }) => path)).toEqual(['/sources/spare/limit'])
    const { spare: _, ...named } = sources
    expect(faultsOf({ ...job, sources: named }).map(({ path }) => path)).toEqual(['/sources/Extra', '/sources/data'])
    expect(specOf({ ...job, sources: { extra: { name: 'mnist' } } }).sources).toEqual({
      extra: { name: 'mnist', balanced: true, seed: 0 },
    })
  })

  it('of a teacher that is trained together with the student', () => {
    const teacher = { model: 'mlp', trainable: true, snapshots: { everyEpochs: 1 } }
    expect(faultsOf({ ...job, teacher })).toMatchObject([{ path: '/teacher/snapshots' }])
    expect(faultsOf({ ...job, teacher: { model: 'mlp', trainable: true } })).toEqual([])
  })

  it('under teacher when the user wrote teacher, under teachers when the user wrote that', () => {
    expect(faultsOf({ ...job, teacher: { from: { job: 'nope' } } })).toMatchObject([{ path: '/teacher/from/job' }])
    expect(faultsOf({ ...job, teachers: [trained, { from: { job: 'nope' } }] })).toMatchObject([
      { path: '/teachers/1/from/job' },
    ])
    expect(faultsOf({ ...job, teacher: 7 })).toMatchObject([{ path: '/teacher' }])
  })

  it('in one teacher whatever is wrong with another whose number begins the same', () => {
    const teachers = Array.from({ length: 11 }, () => trained as object)
    teachers[1] = { model: 'cnn', train: {} }
    teachers[10] = { ...trained, weight: 'heavy' }
    expect(faultsOf({ ...job, teachers }).map(({ path }) => path)).toEqual(['/teachers/10/weight', '/teachers/1/train'])
  })

  it('when both teacher and teachers are given', () => {
    expect(faultsOf({ ...job, teacher: trained, teachers: [] })).toEqual([
      { path: '/teacher', message: 'give either teacher or teachers', expected: 'one of the two', received: 'both' },
    ])
  })

  it('with one fault for a source of a teacher that has the wrong form', () => {
    expect(faultsOf({ ...job, teacher: { from: { job: 'nope' } } })).toHaveLength(1)
    expect(faultsOf({ ...job, teacher: { from: {} } })).toMatchObject([
      { path: '/teacher/from', expected: '{job} or {upload, probabilities}' },
    ])
  })

  it('when a field named like part of every object is given', () => {
    expect(faultsOf(JSON.parse(`{"__proto__": {"name": "a"}, "constructor": 1}`)).map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/__proto__', '/constructor', '/name']),
    )
  })
})

describe('parseJobSpec checks the rules of a job', () => {
  it.each([
    ['neither epochs nor steps', {}, 'neither'],
    ['both epochs and steps', { epochs: 1, steps: 1 }, 'both'],
  ])('refuses a training of %s', (_what, train, received) => {
    expect(faultsOf({ ...job, train })).toMatchObject([{ path: '/train', received }])
  })

  it('checks the training of a teacher as that of the student', () => {
    expect(faultsOf({ ...job, teachers: [{ model: 'cnn', train: {} }] })).toMatchObject([
      { path: '/teachers/0/train', expected: 'exactly one of epochs and steps' },
    ])
  })

  it('refuses parameters of another optimiser or schedule', () => {
    const train = { epochs: 1, optimizer: { name: 'sgd', beta1: 0.9 }, schedule: { name: 'cosine', factor: 0.1 } }
    expect(faultsOf({ ...job, train })).toMatchObject([
      { path: '/train/optimizer/beta1', expected: 'one of momentum, nesterov' },
      { path: '/train/schedule/factor', expected: 'one of warmupEpochs, floor' },
    ])
  })

  it('wants milestones for a step schedule', () => {
    expect(faultsOf({ ...job, train: { epochs: 1, schedule: { name: 'step' } } })).toMatchObject([
      { path: '/train/schedule/milestones' },
    ])
  })

  it('refuses to train a teacher that comes from elsewhere', () => {
    const from = { upload: 'a'.repeat(64) }
    expect(faultsOf({ ...job, teacher: { from } })).toEqual([])
    expect(faultsOf({ ...job, teacher: { from, ...trained } }).map(({ path }) => path)).toEqual([
      '/teacher/model',
      '/teacher/train',
    ])
  })

  it('refuses the same export twice', () => {
    expect(faultsOf({ ...job, export: [{ format: 'a' }, { format: 'b' }, { format: 'a' }] })).toMatchObject([
      { path: '/export/2/format', received: 'a' },
    ])
  })

  it('takes a validation split only when one is held out', () => {
    const evaluate = { split: 'validation' }
    expect(faultsOf({ ...job, evaluate })).toMatchObject([{ path: '/evaluate/split' }])
    expect(faultsOf({ ...job, evaluate, data: { name: 'mnist', validation: 0.1 } })).toEqual([])
  })
})

describe('parseJobSpec checks gates', () => {
  it('refuses what is not an operator and a number, and says so in words', () => {
    for (const condition of ['high', '0.97', '>= 97%', 0.97, null])
      expect(faultsOf({ ...job, gates: { accuracy: condition } })).toMatchObject([
        { path: '/gates/accuracy', expected: 'an operator and a number, e.g. ">= 0.97"' },
      ])
  })

  it('refuses a number too large to be one', () => {
    expect(faultsOf({ ...job, gates: { accuracy: '>= 1e999' } })).toMatchObject([{ path: '/gates/accuracy' }])
  })

  it('refuses a gate on what this job does not measure', () => {
    const gates = { 'baseline.accuracy': '> 0', 'compression.params': '>= 2', 'latency.p95Ms': '< 5' }
    expect(faultsOf({ ...job, gates, evaluate: { latencyRuns: 0 } })).toMatchObject([
      { path: '/gates/baseline.accuracy', expected: 'evaluate.baseline: true' },
      { path: '/gates/compression.params', expected: 'a teacher in the job' },
      { path: '/gates/latency.p95Ms', expected: 'evaluate.latencyRuns >= 1' },
    ])
    expect(faultsOf({ ...job, gates, evaluate: { baseline: true }, teacher: trained })).toEqual([])
  })
})

describe('parseJobSpec on any JSON', () => {
  const fields = fc.constantFrom('name', 'data', 'teacher', 'teachers', 'student', 'method', 'train', 'gates', 'labels')

  it('answers with a spec or with faults, and never throws', () => {
    fc.assert(
      fc.property(fc.dictionary(fields, fc.jsonValue()), (changes) => {
        const parsed = parseJobSpec({ ...job, ...changes })
        if (!parsed.ok) expect(parsed.faults.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })

  it('gives each fault a path into the input and four texts', () => {
    fc.assert(
      fc.property(fc.dictionary(fields, fc.jsonValue()), (input) => {
        for (const { path, message, expected, received } of faultsOf(input)) {
          expect(path).toMatch(/^(\/.*)?$/s)
          for (const text of [message, expected, received]) expect(typeof text).toBe('string')
          expect(message.length * expected.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('parseJobSpec gives a draft for the checks that need the shelves', () => {
  it('when only other fields are faulty, or rules are broken', () => {
    expect(parseJobSpec({ ...job, name: 'a b' })).toMatchObject({ ok: false, draft: { method: { name: 'none' } } })
    expect(parseJobSpec({ ...job, gates: { nonsense: '> 1' } })).toMatchObject({ ok: false, draft: { name: 'digits' } })
  })

  it('when train is faulty, with a sound one in its place, or a field is unknown', () => {
    const faulty = parseJobSpec({ ...job, train: { stepz: 3, batchSize: 'many' }, student: { model: 'cnn', deep: 1 } })
    expect(faulty).toMatchObject({
      ok: false,
      draft: { student: { model: 'cnn' }, train: { epochs: 1, batchSize: 64 } },
    })
  })

  it('not when a field that names a shelf entry is faulty or missing', () => {
    expect(parseJobSpec({ ...job, student: { model: 7 } })).not.toHaveProperty('draft')
    expect(parseJobSpec({ ...job, method: undefined })).not.toHaveProperty('draft')
    expect(parseJobSpec({ ...job, teacher: trained, teachers: [] })).not.toHaveProperty('draft')
    expect(parseJobSpec('text')).not.toHaveProperty('draft')
  })

  it('and none when a further data set has a name that is not allowed, under which nothing was checked', () => {
    for (const [name, source] of [
      ['', -304],
      ['ä', {}],
      ['ö', { '': false }],
    ] as const) {
      const parsed = parseJobSpec({ ...job, sources: { [name]: source } })
      expect(parsed).toMatchObject({ ok: false, faults: [{ path: `/sources/${name}` }] })
      expect(parsed).not.toHaveProperty('draft')
    }
  })

  it('and puts the paths of later faults into the words of the user', () => {
    const fault = { path: '/teachers/0/model', message: '', expected: '', received: '' }
    expect(faultsAsWritten([fault], { ...job, teacher: trained })).toEqual([{ ...fault, path: '/teacher/model' }])
    expect(faultsAsWritten([fault], { ...job, teachers: [trained] })).toEqual([fault])
  })
})

describe('jobs to wait for', () => {
  const ID = '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d'
  const OTHER = '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4e'

  it('an id is short for an entry with its defaults', () => {
    const parsed = parseJobSpec({ ...job, after: [ID, { job: OTHER, condition: 'finished', otherwise: 'wait' }] })
    expect(parsed).toMatchObject({
      ok: true,
      spec: {
        after: [
          { job: ID, condition: 'succeeded', otherwise: 'fail' },
          { job: OTHER, condition: 'finished', otherwise: 'wait' },
        ],
      },
    })
  })

  it('faults are found where they were written', () => {
    expect(faultsOf({ ...job, after: ['teacher', { job: 'teacher' }] }).map(({ path }) => path)).toEqual([
      '/after/0',
      '/after/1/job',
    ])
    expect(faultsOf({ ...job, after: [{ job: ID, condition: 'suceeded' }] })).toMatchObject([
      { path: '/after/0/condition', suggestion: 'succeeded' },
    ])
  })

  it('a job named twice is a fault', () => {
    expect(faultsOf({ ...job, after: [ID, { job: ID.toUpperCase(), condition: 'finished' }] })).toMatchObject([
      { path: '/after/1/job', message: 'this job is named twice' },
    ])
  })
})
