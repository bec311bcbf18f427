// From a request to a job that can run: the spec against the shelves, the data, and the checkpoint to go on from.
import { type DataSpec, type JobSpec, MAIN_DATA } from '@stillhouse/spec'
import { readCheckpoint } from '../checkpoint/read-checkpoint.ts'
import type { DataFormat, Dataset } from '../contracts/data-format.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { type DataViews, dataViews } from '../data/data-views.ts'
import { dataPlace } from './data-place.ts'
import { jobFingerprint } from './fingerprints.ts'
import type { JobEvent } from './job-event.ts'
import { type JobRun, TRAINING } from './job-run.ts'
import type { FinishedPhase, JobState, Phase } from './job-state.ts'
import { resolveJob } from './resolve-job.ts'
import type { Chosen, ResolvedJob } from './resolved-job.ts'
import type { RunRequest } from './run-request.ts'

/**
 * @throws TrainingError `spec.rejected` when the spec does not fit the shelves, `data.*` when the data cannot be used
 */
export async function openJob(request: RunRequest): Promise<JobRun> {
  const job = resolveOrThrow(request)
  const dataset = await openData(request, { ...job.data, spec: job.spec.data, name: MAIN_DATA })
  requireSignature(job, dataset)
  const views = dataViews(dataset, job.spec.data)
  const sources = await openSources(request, job)
  const digests = [...sources].map(([name, { digest }]) => [name, digest] as const)
  const fingerprint = jobFingerprint(job.spec, { data: dataset.digest, ...Object.fromEntries(digests) })
  const opening: JobEvent[] = [{ type: 'log', level: 'info', message: describeData(job.spec, dataset, views) }]
  const run: JobRun = {
    request,
    job,
    dataset,
    views,
    sources,
    evaluateOn: job.spec.evaluate.split === 'validation' && views.validation !== null ? views.validation : views.test,
    fingerprint,
    resume: null,
    finished: new Map(),
    scores: new Map(),
    metricSeq: 0,
    checkpoints: 0,
    opening,
  }
  if (request.checkpoint !== null) opening.push(...(await resumeFrom(run, request.checkpoint)))
  return run
}

function resolveOrThrow({ spec, shelves }: RunRequest): ResolvedJob {
  const resolved = resolveJob(spec, shelves)
  if (resolved.ok) return resolved.value
  const faults = resolved.faults.map(
    ({ path, message, expected, received }) => `${path}: ${message} (expected ${expected}; received ${received})`,
  )
  throw new TrainingError('spec.rejected', `This worker cannot run the job. ${faults.join('. ')}.`)
}

interface Choice extends Chosen<DataFormat> {
  readonly spec: DataSpec
  /** In the job. */
  readonly name: string
}

async function openData(request: RunRequest, { name, spec, entry, params }: Choice): Promise<Dataset> {
  const place = await dataPlace(request, spec, { name, params })
  return entry.open(place.params, place.root)
}

/** Training samples of the further data sets. */
async function openSources(request: RunRequest, job: ResolvedJob): Promise<JobRun['sources']> {
  const opened = [...job.sources].map(async ([name, source]) => {
    const { signature, spec } = source
    const dataset = await openData(request, { ...source, name })
    requireSignature({ signature, data: source }, dataset)
    return [name, { view: dataViews(dataset, spec).train, signature, digest: dataset.digest }] as const
  })
  return new Map(await Promise.all(opened))
}

function requireSignature({ signature, data }: Pick<ResolvedJob, 'signature' | 'data'>, dataset: Dataset): void {
  const [expected, received] = [signature, dataset.signature].map(
    (s) =>
      `[${s.inputShape.join(', ')}] in ${s.classes} classes${s.trainLabels === false ? ', those to train on without labels' : ''}`,
  )
  if (expected === received) return
  throw new TrainingError(
    'data.invalid',
    `The data set ${data.entry.name} is not what it says it is. Expected samples ${expected}; received ${received}.`,
  )
}

function describeData({ data }: JobSpec, { digest }: Dataset, { train, test, validation }: DataViews): string {
  const held = validation === null ? '' : `, ${validation.indices.length} held out for validation`
  return `Data ${data.name} (${digest.slice(0, 12)}): ${train.indices.length} samples to train on${held}, ${test.indices.length} to test on.`
}

async function resumeFrom(run: JobRun, dir: string): Promise<JobEvent[]> {
  const { checkpoint, refused } = await readCheckpoint(dir, run.fingerprint)
  const notes: JobEvent[] = refused.map((reason) => ({
    type: 'note',
    message: `A checkpoint was not used: ${reason}.`,
  }))
  if (checkpoint === null) return notes
  const { running, finished } = checkpoint.state as JobState
  for (const [phase, result] of Object.entries(finished) as [Phase, FinishedPhase][]) {
    run.finished.set(phase, { result, tensors: checkpoint.groups.get(phase) ?? new Map() })
  }
  if (running !== null) run.resume = { running, tensors: checkpoint.groups.get(TRAINING) ?? new Map() }
  run.checkpoints = checkpoint.number
  const where =
    running === null
      ? 'before the first step'
      : `in ${running.phase}, stage ${running.train.stage + 1}, step ${running.train.step}`
  return [...notes, { type: 'log', level: 'info', message: `Resumed from a checkpoint ${where}.` }]
}
