// What a method needs of a job and the job does not give, as far as it stands in the spec.
import type { Fault, JobSpec } from '@stillhouse/spec'
import type { Method } from '../contracts/method.ts'
import type { KnownTeachers } from './known-teachers.ts'

/** @param known of the teachers that the job takes from elsewhere */
export function needFaults({ name, needs }: Method, spec: JobSpec, known: KnownTeachers): Fault[] {
  const { teachers, peers = NONE } = needs
  return [
    ...fewFaults({ name, what: 'teachers', range: teachers, count: spec.teachers.length }),
    ...fewFaults({ name, what: 'peers', range: peers, count: spec.peers.length }),
    ...(teachers.max === 0 ? [] : trainableFaults(name, needs.trainableTeachers === true, spec)),
    ...(needs.teacherNetworks === true ? foreignFaults(name, spec, known) : []),
    ...missingFaults(name, needs.sources ?? [], spec),
    ...batchFaults(name, needs, spec),
  ]
}

/** What a job brings along and none of its methods uses. */
export function surplusFaults(methods: readonly Method[], spec: JobSpec): Fault[] {
  const most = (what: 'teachers' | 'peers') => Math.max(...methods.map(({ needs }) => (needs[what] ?? NONE).max))
  const least = (what: 'teachers' | 'peers') => Math.max(...methods.map(({ needs }) => (needs[what] ?? NONE).min))
  const names = methods.map(({ name }) => name).join(', ')
  const counts = (['teachers', 'peers'] as const).flatMap((what) => {
    const count = spec[what].length
    if (count <= most(what)) return []
    const message = methods.length === 1 ? `the method ${names} needs` : `the methods ${names} need`
    const expected = rangeOf({ min: least(what), max: most(what) })
    return [
      {
        path: `/${what}`,
        message: `${message} fewer ${what}`,
        expected: `${expected} ${what}`,
        received: String(count),
      },
    ]
  })
  return [...counts, ...unusedFaults(methods, names, spec)]
}

const NONE: Range = { min: 0, max: 0 }

interface Range {
  readonly min: number
  readonly max: number
}

const rangeOf = ({ min, max }: Range) => (min === max ? `${min}` : `${min} to ${max}`)

interface CountCheck {
  readonly name: string
  readonly what: 'teachers' | 'peers'
  readonly range: Range
  readonly count: number
}

function fewFaults({ name, what, range, count }: CountCheck): Fault[] {
  if (count >= range.min) return []
  const message = `the method ${name} needs more ${what}`
  return [{ path: `/${what}`, message, expected: `${rangeOf(range)} ${what}`, received: String(count) }]
}

function foreignFaults(name: string, { teachers }: JobSpec, known: KnownTeachers): Fault[] {
  return teachers.flatMap((_, i) => {
    if (known[i]?.foreign !== true) return []
    const message = `the method ${name} runs its teacher on more than the batch, which a graph of another runtime cannot`
    const expected = 'a teacher trained here, a job, or an upload in the format tfjs-layers'
    return [{ path: `/teachers/${i}/from`, message, expected, received: 'an upload in another format' }]
  })
}

function trainableFaults(name: string, wanted: boolean, { teachers }: JobSpec): Fault[] {
  return teachers.flatMap(({ trainable = false }, i) => {
    if (trainable === wanted) return []
    const message = wanted
      ? `the method ${name} trains its teacher together with the student`
      : `the method ${name} needs teachers that are trained`
    const expected = wanted ? 'true, with model and without train' : 'no trainable'
    return [{ path: `/teachers/${i}/trainable`, message, expected, received: String(trainable) }]
  })
}

function missingFaults(name: string, wanted: readonly string[], { sources }: JobSpec): Fault[] {
  return wanted
    .filter((source) => !Object.hasOwn(sources, source))
    .map((source) => ({
      path: `/sources/${source}`,
      message: `the method ${name} needs the further data set "${source}"`,
      expected: 'a data set as in data',
      received: 'nothing',
    }))
}

function unusedFaults(methods: readonly Method[], names: string, { sources }: JobSpec): Fault[] {
  const wanted = [...new Set(methods.flatMap(({ needs }) => needs.sources ?? []))]
  return Object.keys(sources)
    .filter((source) => !wanted.includes(source))
    .map((source) => ({
      path: `/sources/${source}`,
      message: `${names} draws from no further data set of that name`,
      expected: wanted.length === 0 ? 'no sources' : `only ${wanted.join(', ')}`,
      received: source,
    }))
}

function batchFaults(name: string, { hardLabels, batchSize = 1 }: Method['needs'], { train }: JobSpec): Fault[] {
  const faults: Fault[] = []
  if (train.batchSize < batchSize)
    faults.push({
      path: '/train/batchSize',
      message: `the method ${name} compares the samples of a batch`,
      expected: `at least ${batchSize}`,
      received: String(train.batchSize),
    })
  if (hardLabels === true && train.augment?.mixup !== undefined)
    faults.push({
      path: '/train/augment/mixup',
      message: `the method ${name} needs one class per sample, and mixup mixes them`,
      expected: 'no mixup',
      received: String(train.augment.mixup),
    })
  return faults
}
