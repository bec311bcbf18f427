// What a method needs of a job and the job does not give, as far as it stands in the spec.
import type { Fault, JobSpec } from '@stillhouse/spec'
import type { Method } from '../contracts/method.ts'

export function needFaults({ name, needs }: Method, spec: JobSpec): Fault[] {
  const { teachers, peers = { min: 0, max: 0 } } = needs
  return [
    ...countFaults({ name, what: 'teachers', range: teachers, count: spec.teachers.length }),
    ...countFaults({ name, what: 'peers', range: peers, count: spec.peers.length }),
    ...trainableFaults(name, needs.trainableTeachers === true, spec),
    ...sourceFaults(name, needs.sources ?? [], spec),
    ...batchFaults(name, needs, spec),
  ]
}

interface CountCheck {
  readonly name: string
  readonly what: 'teachers' | 'peers'
  readonly range: { readonly min: number; readonly max: number }
  readonly count: number
}

function countFaults({ name, what, range: { min, max }, count }: CountCheck): Fault[] {
  if (count >= min && count <= max) return []
  const range = min === max ? `${min}` : `${min} to ${max}`
  const message = `the method ${name} needs ${count < min ? 'more' : 'fewer'} ${what}`
  return [{ path: `/${what}`, message, expected: `${range} ${what}`, received: String(count) }]
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

function sourceFaults(name: string, wanted: readonly string[], { sources }: JobSpec): Fault[] {
  const given = Object.keys(sources)
  const missing = wanted
    .filter((source) => !given.includes(source))
    .map((source) => ({
      path: `/sources/${source}`,
      message: `the method ${name} needs the further data set "${source}"`,
      expected: 'a data set as in data',
      received: 'nothing',
    }))
  const unused = given
    .filter((source) => !wanted.includes(source))
    .map((source) => ({
      path: `/sources/${source}`,
      message: `the method ${name} draws from no further data set of that name`,
      expected: wanted.length === 0 ? 'no sources' : `only ${wanted.join(', ')}`,
      received: source,
    }))
  return [...missing, ...unused]
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
