// The teachers of a job before it trains: taken from another job or an upload, found under their key, or still to train.
import type { TeacherSource, TeacherSpec } from '@stillhouse/spec'
import { saveVariables } from '../checkpoint/saved-tensor.ts'
import type { Network } from '../contracts/network.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { buildNetwork } from '../network/build-network.ts'
import { loadLayersModel } from '../network/layers-model-files.ts'
import { networkFromLayersModel } from '../network/network-from-layers-model.ts'
import { takeWeights } from '../network/take-weights.ts'
import { loadForeignTeacher } from '../teachers/foreign/load-foreign-teacher.ts'
import { modelKind } from '../teachers/foreign/model-kind.ts'
import type { DescribedModel } from './describe-model.ts'
import { teacherKey } from './fingerprints.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import { type JobTeacher, teacherVariables } from './job-teacher.ts'
import { saveJob } from './save-job.ts'
import { loadSnapshots, snapshotEpochs } from './teacher-snapshots.ts'

/**
 * Every teacher, loaded, or with initial weights where it is still to be trained.
 * @throws TrainingError `teacher.unavailable` when a named one cannot be had or does not fit
 */
export async function* openTeachers(run: JobRun): AsyncGenerator<JobEvent, JobTeacher[]> {
  const { teachers } = run.request.spec
  const total = teachers.reduce((sum, { weight }) => sum + weight, 0)
  const opened: JobTeacher[] = []
  for (const [i, spec] of teachers.entries())
    opened.push({ ...(await openTeacher(run, i, spec)), share: spec.weight / total })
  // A run that goes on keeps what it decided: its metric series already counts on it.
  if (run.checkpoints > 0) return opened
  for (const [i, teacher] of opened.entries()) yield* findTrained(run, i, teacher)
  if (opened.some(({ own }) => own !== null)) yield await saveStart(run)
  return opened
}

type OpenedTeacher = Omit<JobTeacher, 'share'>

async function openTeacher(run: JobRun, i: number, spec: TeacherSpec): Promise<OpenedTeacher> {
  const role = run.request.spec.teachers.length === 1 ? 'teacher' : `teachers[${i}]`
  const none = { role, network: null, foreign: null, trainable: false, snapshots: [], own: null, source: null }
  if (spec.from !== undefined) return { ...none, ...(await namedTeacher(run, { i, role, source: spec.from })) }
  if (spec.trainable === true) return { ...none, trainable: true }
  return { ...none, ...keyedTeacher(run, { i, role, spec }) }
}

interface Keyed {
  readonly i: number
  readonly role: string
  readonly spec: TeacherSpec
}

function keyedTeacher(run: JobRun, { i, role, spec }: Keyed): Pick<JobTeacher, 'network' | 'own' | 'snapshots'> {
  const { request, job, dataset, views } = run
  const { architecture, params } = job.teachers[i] as DescribedModel
  const { model = '', train = request.spec.train, data: own, snapshots } = spec
  const identity = { model, params, train, data: { ...request.spec.data, ...own }, dataDigest: dataset.digest }
  const normalise = views.train.normalise
  const key = teacherKey({ ...identity, normalise, ...(snapshots && { snapshots }) })
  const frozen = (network: Network, as: string): Network => ({ ...network, role: as, frozen: true, trainable: [] })
  // Weights are keyed by role: the key of a teacher must not depend on its place in the job.
  const build = () => buildNetwork({ tf: request.tf, role: 'teacher', architecture, seed: train.seed })
  const trainee = build()
  const epochs = snapshots === undefined ? [] : snapshotEpochs(run, train, snapshots.everyEpochs)
  return {
    network: frozen(trainee, role),
    own: { trainee, key },
    snapshots: epochs.map((epoch) => frozen(build(), `${role}@${epoch}`)),
  }
}

interface Named {
  readonly i: number
  readonly role: string
  readonly source: TeacherSource
}

type NamedTeacher = Pick<JobTeacher, 'network' | 'foreign' | 'source'>

async function namedTeacher(run: JobRun, { i, role, source }: Named): Promise<NamedTeacher> {
  const { request, job } = run
  const name = 'job' in source ? `job ${source.job}` : `upload ${source.upload}`
  const found = await request.fetchModel('job' in source ? source : { upload: source.upload })
  if (found === null)
    throw new TrainingError(
      'teacher.unavailable',
      `Teacher ${i} cannot be had. Expected the model of ${name}; received nothing.`,
    )
  const { tf, loadOnnx = null } = request
  const opened = { tf, dir: found.dir, signature: job.signature, source: name }
  const kind = await modelKind(found.dir)
  if (kind !== 'tfjs-layers') {
    const probabilities = 'upload' in source && source.probabilities === true
    const { digest, foreign } = await loadForeignTeacher({ ...opened, kind, probabilities, loadOnnx })
    return { network: null, foreign: foreign && { model: foreign, digest }, source }
  }
  const model = await loadLayersModel(opened, name)
  return { network: networkFromLayersModel({ ...opened, role, model }), foreign: null, source }
}

/** Takes the weights of the same teacher from an earlier job, if there is one. */
async function* findTrained(run: JobRun, i: number, teacher: JobTeacher): AsyncGenerator<JobEvent> {
  const { own, role, snapshots } = teacher
  const { tf, fetchModel } = run.request
  const found = own && (await fetchModel({ teacherKey: own.key }))
  if (!own || !found) return
  try {
    const model = await loadLayersModel({ tf, dir: found.dir }, `teacher ${own.key}`)
    takeWeights(tf, own.trainee, model)
    model.dispose()
    await loadSnapshots({ tf, dir: found.dir }, snapshots)
    const result = { curve: [], best: null, losses: {}, decisions: [], reused: true }
    run.finished.set(`teacher-${i}`, { result, tensors: saveVariables(teacherVariables(teacher)) })
    yield { type: 'note', message: `${role}: trained before, taken from the store (${own.key.slice(0, 12)}).` }
  } catch (error) {
    yield { type: 'note', message: `${role}: the stored one cannot be used, so it is trained anew: ${String(error)}` }
  }
}

/** Says, before the first step, which teachers this job trains itself. */
async function saveStart(run: JobRun): Promise<JobEvent> {
  return await saveJob(run, { running: null, tensors: new Map(), stage: 'start', step: 0, metricSeq: 0 })
}
