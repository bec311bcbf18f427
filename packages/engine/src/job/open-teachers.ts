// The teachers of a job before it trains: taken from another job or an upload, found under their key, or still to train.
import type { TeacherSource } from '@stillhouse/spec'
import { saveVariables } from '../checkpoint/saved-tensor.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { buildNetwork } from '../network/build-network.ts'
import { loadLayersModel } from '../network/layers-model-files.ts'
import { namedVariables } from '../network/named-variables.ts'
import { networkFromLayersModel } from '../network/network-from-layers-model.ts'
import { takeWeights } from '../network/take-weights.ts'
import type { DescribedModel } from './describe-model.ts'
import { teacherKey } from './fingerprints.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'
import { saveJob } from './save-job.ts'

/**
 * Every teacher as a network: loaded, or with initial weights where it is still to be trained.
 * @throws TrainingError `teacher.unavailable` when a named one cannot be had or does not fit
 */
export async function* openTeachers(run: JobRun): AsyncGenerator<JobEvent, JobTeacher[]> {
  const { teachers } = run.request.spec
  const total = teachers.reduce((sum, { weight }) => sum + weight, 0)
  const opened: JobTeacher[] = []
  for (const [i, { weight, from }] of teachers.entries()) {
    const teacher = from === undefined ? keyedTeacher(run, i) : await namedTeacher(run, i, from)
    opened.push({ ...teacher, share: weight / total })
  }
  // A run that goes on keeps what it decided: its metric series already counts on it.
  if (run.checkpoints > 0) return opened
  for (const [i, teacher] of opened.entries()) yield* findTrained(run, i, teacher)
  if (opened.some(({ own }) => own !== null)) yield await saveStart(run)
  return opened
}

/** Role of teacher `i`, and how its training is called. */
function roleOf({ request }: JobRun, i: number): string {
  return request.spec.teachers.length === 1 ? 'teacher' : `teachers[${i}]`
}

type OpenedTeacher = Omit<JobTeacher, 'share'>

function keyedTeacher(run: JobRun, i: number): OpenedTeacher {
  const { request, job, dataset } = run
  const described = job.teachers[i] as DescribedModel
  const { model = '', train = request.spec.train } = request.spec.teachers[i] ?? {}
  const identity = { model, params: described.params, train, data: request.spec.data, dataDigest: dataset.digest }
  const { architecture } = described
  // Weights are keyed by role: the key of a teacher must not depend on its place in the job.
  const trainee = buildNetwork({ tf: request.tf, role: 'teacher', architecture, seed: train.seed })
  const network = { ...trainee, role: roleOf(run, i), frozen: true, trainable: [] }
  return { network, own: { trainee, key: teacherKey(identity) }, source: null }
}

async function namedTeacher(run: JobRun, i: number, source: TeacherSource): Promise<OpenedTeacher> {
  const { request, job } = run
  const name = 'job' in source ? `job ${source.job}` : `upload ${source.upload}`
  const found = await request.fetchModel(source)
  if (found === null)
    throw new TrainingError(
      'teacher.unavailable',
      `Teacher ${i} cannot be had. Expected the model of ${name}; received nothing.`,
    )
  const model = await loadLayersModel({ tf: request.tf, dir: found.dir }, name)
  const network = networkFromLayersModel({ role: roleOf(run, i), model, signature: job.signature, source: name })
  return { network, own: null, source }
}

/** Takes the weights of the same teacher from an earlier job, if there is one. */
async function* findTrained(run: JobRun, i: number, { network, own }: JobTeacher): AsyncGenerator<JobEvent> {
  const { tf, fetchModel } = run.request
  const found = own && (await fetchModel({ teacherKey: own.key }))
  if (!own || !found) return
  try {
    const model = await loadLayersModel({ tf, dir: found.dir }, `teacher ${own.key}`)
    takeWeights(tf, own.trainee, model)
    model.dispose()
    const result = { curve: [], best: null, losses: {}, reused: true }
    run.finished.set(`teacher-${i}`, { result, tensors: saveVariables(namedVariables([own.trainee])) })
    yield { type: 'note', message: `${network.role}: trained before, taken from the store (${own.key.slice(0, 12)}).` }
  } catch (error) {
    yield {
      type: 'note',
      message: `${network.role}: the stored one cannot be used, so it is trained anew: ${String(error)}`,
    }
  }
}

/** Says, before the first step, which teachers this job trains itself. */
async function saveStart(run: JobRun): Promise<JobEvent> {
  return await saveJob(run, { running: null, tensors: new Map(), stage: 'start', step: 0, metricSeq: 0 })
}
