// Writes the trained model in every format of the job, and measures each by loading it back: a model that answers
// differently from the one that was measured is never handed out, and of one with quantised weights it is said how it
// answers.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exporter } from '../contracts/exporter.ts'
import type { LayersModel, Tensor } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { readSamples } from '../data/read-samples.ts'
import { agreement, type ClassificationScores, classificationScores } from '../evaluate/classification-scores.ts'
import { predictWith } from '../evaluate/predict-logits.ts'
import { deployableModel } from '../network/deployable-model.ts'
import type { ProgressLog } from './create-progress-log.ts'
import { EXPORT_MANIFEST, type ExportManifest, exportManifest } from './export-manifest.ts'
import type { JobEvent } from './job-event.ts'
import { freshFolder, listFiles, totalSize } from './job-files.ts'
import type { JobRun } from './job-run.ts'
import { JobStopped } from './job-stopped.ts'
import type { WrittenExport } from './written-export.ts'

/** Samples on which the written model is compared, and how far its logits may be off, relative to their size. */
const SAMPLES = 16
const TOLERANCE = 1e-4

export interface WriteExports extends ExportManifest {
  /** Of the network itself. */
  readonly scores: ClassificationScores
  /** Folder for the exports of a network beside the deployed one; null for that one's own. */
  readonly under: string | null
}

/** One folder of artifacts per export, in the order of the spec. @throws JobStopped */
export async function* writeExports(
  run: JobRun,
  progress: ProgressLog,
  about: WriteExports,
): AsyncGenerator<JobEvent, WrittenExport[]> {
  const { exports, spec } = run.job
  const model = deployableModel(run.request.tf, about.network.model)
  const written: WrittenExport[] = []
  for (const [i, { entry, params }] of exports.entries()) {
    const own = spec.export[i]?.name ?? entry.name
    const name = about.under === null ? own : `${about.under}/${own}`
    const dir = join(run.request.scratch, 'export', name)
    const weights = entry.quantised?.(params) ?? null
    await write(run, { entry, params, model, dir })
    if (weights === null) await verify(run, { entry, model, dir })
    const files = await listFiles(dir)
    const scores = yield* scoreExport(run, progress, { entry, dir, place: i })
    const one: WrittenExport = {
      ...{ name, format: entry.name, params, weights: weights ?? 'float32', files, bytes: totalSize(files) },
      ...{ accuracy: scores.accuracy, nll: scores.nll },
      agreement: agreement(scores.predictions, about.scores.predictions),
    }
    await writeFile(join(dir, EXPORT_MANIFEST), exportManifest(run, one, about))
    written.push(one)
    yield { type: 'artifacts', kind: 'export', prefix: `export/${name}`, dir }
  }
  return written
}

/** Bytes of a model in the job's first format, without keeping it. */
export async function sizeInFirstFormat(run: JobRun, model: LayersModel): Promise<number> {
  const first = run.job.exports[0]
  if (first === undefined) throw new Error('A job without an export format passed its check.')
  const dir = join(run.request.scratch, 'teacher-export')
  await write(run, { ...first, model, dir })
  const size = totalSize(await listFiles(dir))
  await rm(dir, { recursive: true, force: true })
  return size
}

interface Write {
  readonly entry: Exporter
  readonly params: unknown
  readonly model: LayersModel
  readonly dir: string
}

async function write({ request }: JobRun, { entry, params, model, dir }: Write): Promise<void> {
  await freshFolder(dir, () => entry.write({ tf: request.tf, model, dir, params }))
}

async function verify(run: JobRun, { entry, model, dir }: Omit<Write, 'params'>): Promise<void> {
  const { tf } = run.request
  const loaded = await entry.load({ tf, dir })
  const x = firstSamples(run)
  const expected = tf.tidy(() => (model.predict(x) as Tensor).dataSync())
  const received = tf.tidy(() => loaded.predict(x).dataSync())
  tf.dispose(x)
  loaded.dispose()
  const off = expected.findIndex(
    (value, i) => !(Math.abs(value - (received[i] ?? Number.NaN)) <= TOLERANCE * (1 + Math.abs(value))),
  )
  if (off < 0 && received.length === expected.length) return
  throw new TrainingError(
    'trainer.error',
    `The export ${entry.name} does not answer like the trained model. Expected ${expected[off]} as number ${off} of the logits; received ${received[off]}.`,
  )
}

function firstSamples({ request, job, evaluateOn }: JobRun): Tensor {
  const indices = evaluateOn.indices.slice(0, SAMPLES)
  const shape = [indices.length, ...job.signature.inputShape]
  const samples = new Float32Array(shape.reduce((product, axis) => product * axis, 1))
  const { split, normalise } = evaluateOn
  readSamples({ split, indices, into: samples, normalise })
  return request.tf.tensor(samples, shape, 'float32')
}

interface Score {
  readonly entry: Exporter
  readonly dir: string
  /** Number of the export in the job. */
  readonly place: number
}

/** Scores of a written model on the evaluation split. */
async function* scoreExport(
  run: JobRun,
  progress: ProgressLog,
  { entry, dir, place }: Score,
): AsyncGenerator<JobEvent, ClassificationScores> {
  const { request, job, evaluateOn: view } = run
  const { tf, signal } = request
  const { batchSize } = job.spec.evaluate
  const { signature } = job
  const loaded = await entry.load({ tf, dir })
  try {
    const pass = predictWith({ tf, view, signature, batchSize, signal, predict: (x) => loaded.predict(x) })
    for (;;) {
      const next = await pass.next()
      if (next.done === true) {
        if (next.value === null) throw new JobStopped()
        return classificationScores(next.value, view.labels, signature.classes)
      }
      const { done, total } = next.value
      const event = progress.ofPass('export', place * total + done, job.exports.length * total)
      if (event !== null) yield event
    }
  } finally {
    loaded.dispose()
  }
}
