// Writes the trained model in every format of the job, and proves each by loading it back: a model that answers
// differently from the one that was measured is never handed out.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exporter } from '../contracts/exporter.ts'
import type { Network } from '../contracts/network.ts'
import type { LayersModel, Tensor } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'
import type { ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import { freshFolder, listFiles, totalSize, type WrittenFile } from './job-files.ts'
import type { JobRun } from './job-run.ts'

/** Samples on which the written model is compared, and how far its logits may be off, relative to their size. */
const SAMPLES = 16
const TOLERANCE = 1e-4

export interface WrittenExport {
  readonly format: string
  readonly files: readonly WrittenFile[]
}

/** One folder of artifacts per format, in the order of the spec. */
export async function* writeExports(
  run: JobRun,
  progress: ProgressLog,
  network: Network,
): AsyncGenerator<JobEvent, WrittenExport[]> {
  const { exports } = run.job
  const written: WrittenExport[] = []
  for (const [i, { entry, params }] of exports.entries()) {
    const dir = join(run.request.scratch, 'export', entry.name)
    await write(run, { entry, params, model: network.model, dir })
    await verify(run, { entry, model: network.model, dir })
    written.push({ format: entry.name, files: await listFiles(dir) })
    yield { type: 'artifacts', kind: 'export', prefix: `export/${entry.name}`, dir }
    const event = progress.ofPass('export', i + 1, exports.length)
    if (event !== null) yield event
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
  evaluateOn.split.read(indices, samples)
  return request.tf.tensor(samples, shape, 'float32')
}
