// A job of a second or so for any entry of the methods shelf, made from what the entry says it needs; where the entry's
// own example says more, from that.
import { readFile } from 'node:fs/promises'
import { checkJob, type Method } from '@stillhouse/engine'
import { type JobSpec, parseJobSpec } from '@stillhouse/spec'
import { parse } from 'yaml'
import { shelves } from '../../../apps/trainer/src/shelves.ts'

const EXAMPLES = new URL('../../../examples/methods/', import.meta.url)

/** A piece of a job as it is written. */
type Written = Readonly<Record<string, unknown>>

const DATA = { name: 'shapes', params: { size: 12, channels: 1, train: 80, test: 40 }, validation: 0.2 }
const small = (filters: number[]) => ({ model: 'cnn', params: { filters, head: 'average', dropout: 0.1 } })
const branched = {
  model: 'multi-branch',
  params: { family: 'cnn', params: { filters: [4, 6], head: 'average' }, split: 'stage1', branches: 3 },
}
const optimizer = { name: 'adam', learningRate: 0.01 }
/** Short, and kept as the trainer can: copies on the way are what a checkpoint holds besides the weights. */
const TEACHER_TRAIN = { epochs: 3, batchSize: 16, optimizer, seed: 3, checkpointSeconds: 0.05 }

/**
 * The first that the shelves have nothing against: small networks with the example's parameters, with the entry's
 * defaults, with a branched student; or the example's own networks.
 * @param ways fields of `train` that differ from run to run of the suite
 * @throws Error with the faults of each when there is none
 */
export async function methodJob(
  method: Method,
  ways: { readonly teacherCache: string; readonly keep: string },
): Promise<JobSpec> {
  const example = await exampleOf(method.name)
  const plain = { method: { name: method.name } }
  const candidates = [
    ...(example === null ? [] : [written(method, small([4, 6]), pick(example, ['method', 'methods', 'stages']))]),
    written(method, small([4, 6]), plain),
    written(method, branched, plain),
    ...(example === null ? [] : [shortened(method, example)]),
  ].map((job) => checked(method, job, ways))
  const found = candidates.find((candidate) => candidate.spec !== null)
  if (found?.spec != null) return found.spec
  throw new Error(
    `No small job for ${method.name} could be made:\n${candidates.map(({ faults }) => faults.join('; ')).join('\n')}`,
  )
}

async function exampleOf(slug: string): Promise<Written | null> {
  const text = await readFile(new URL(`${slug}.yaml`, EXAMPLES), 'utf8').catch(() => null)
  return text === null ? null : (parse(text) as Written)
}

function pick(from: Written, names: readonly string[]): Written {
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, from[name]]] : [])))
}

/** As many networks as the method needs, none more. */
function written({ needs }: Method, student: Written, how: Written): Written {
  const teacher = needs.trainableTeachers
    ? { ...small([6, 8]), trainable: true }
    : { ...small([6, 8]), train: TEACHER_TRAIN, snapshots: { everyEpochs: 1 } }
  return {
    data: DATA,
    student,
    teachers: Array.from({ length: needs.teachers.min }, () => teacher),
    peers: Array.from({ length: needs.peers?.min ?? 0 }, () => small([4, 4])),
    sources: sourcesOf(needs),
    ...how,
  }
}

function sourcesOf({ sources = [] }: Method['needs']): Written {
  return Object.fromEntries(sources.map((name, i) => [name, { ...DATA, params: { ...DATA.params, seed: i + 1 } }]))
}

/** The example's networks on our data, trained as shortly as ours. */
function shortened({ needs }: Method, example: Written): Written {
  const { teacher, teachers = teacher === undefined ? [] : [teacher] } = example
  const short = (teachers as Written[]).map((one) => ('train' in one ? { ...one, train: TEACHER_TRAIN } : one))
  const kept = pick(example, ['student', 'peers', 'method', 'methods', 'stages'])
  return { data: DATA, ...kept, teachers: short, sources: sourcesOf(needs) }
}

/** With everything in it that a checkpoint has to hold: moments, sums of gradients, averages, the best so far. */
function checked({ name, needs }: Method, job: Written, ways: Written): { spec: JobSpec | null; faults: string[] } {
  // outputs of teachers on mixed samples are not kept
  const mixes = needs.hardLabels !== true && ways['teacherCache'] === 'off'
  const parsed = parseJobSpec({
    name: `kill-${name}`,
    ...job,
    train: {
      epochs: 8,
      batchSize: Math.max(16, needs.batchSize ?? 1),
      optimizer: { ...optimizer, weightDecay: 1e-4 },
      schedule: { name: 'cosine', warmupEpochs: 1 },
      accumulate: 2,
      ema: { decay: 0.9 },
      augment: { shift: 1, flip: true, noise: 0.05, ...(mixes ? { mixup: 0.4 } : {}) },
      seed: 5,
      checkpointSeconds: 0.05,
      ...ways,
    },
    evaluate: { latencyRuns: 0 },
    resources: { loaderThreads: 1 },
    export: [{ format: 'tfjs-layers' }],
  })
  const faults = parsed.ok ? checkJob(parsed.spec, shelves) : parsed.faults
  return {
    spec: parsed.ok && faults.length === 0 ? parsed.spec : null,
    faults: faults.map(({ path, message }) => `${path}: ${message}`),
  }
}
