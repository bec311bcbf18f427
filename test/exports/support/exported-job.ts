// A job run as the trainer runs it, on real digits, with one export for each type of weights; and what our own code says
// the written models answer.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { dataFormats } from '@stillhouse/data'
import { type Exporter, type JobEvent, type RunRequest, readSamples, runJob, type Split } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'
import { parseJobSpec } from '@stillhouse/spec'
import { tf } from './native-tf.ts'

/** Digits on which stock runtimes are compared. */
export const DIGITS = 200
const SIDE = 28

export interface ExportedJob {
  /** Folder of an export, by its type of weights. */
  folder(weights: string): string
  /** What stillhouse.json beside it says. */
  manifest(weights: string): Promise<ExportedManifest>
  /** The first test digits, [DIGITS, 28, 28, 1], and their classes. */
  readonly digits: Float32Array
  readonly labels: Int32Array
  /** Logits [DIGITS, 10] of an export, loaded by our exporter. */
  answers(weights: string): Promise<Float32Array>
  remove(): Promise<void>
}

interface ExportedManifest {
  readonly metrics: { readonly accuracy: number }
  readonly input: { readonly shape: readonly number[]; readonly range: readonly number[] }
}

/** Trains a small residual network, so that convolutions, batch norm, sums and a dense layer are in the files. */
export async function exportedJob(format: string, weights: readonly string[]): Promise<ExportedJob> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'stillhouse-exports-'))
  const exporter = exporters.find(({ name }) => name === format) as Exporter
  for await (const _ of runOnDigits({ scratch, change: { export: exportsOf(format, weights) } }));
  const folder = (one: string) => path.join(scratch, 'export', one)
  const { digits, labels } = await firstDigits()
  return {
    folder,
    digits,
    labels,
    manifest: async (one) => JSON.parse(await readFile(path.join(folder(one), 'stillhouse.json'), 'utf8')),
    answers: async (one) => {
      const loaded = await exporter.load({ tf, dir: folder(one) })
      const logits = tf.tidy(() => loaded.predict(tf.tensor(digits, [DIGITS, SIDE, SIDE, 1])).dataSync())
      loaded.dispose()
      return logits as Float32Array
    },
    remove: () => rm(scratch, { recursive: true }),
  }
}

function exportsOf(format: string, weights: readonly string[]): object[] {
  return weights.map((one) => ({ name: one, format, params: { weights: one } }))
}

export interface RunOnDigits {
  readonly scratch: string
  /** Fields of the job in place of those here. */
  readonly change: object
  readonly fetchModel?: RunRequest['fetchModel']
}

/** A short training, on the shelves that a trainer has. */
export function runOnDigits({ scratch, change, fetchModel = async () => null }: RunOnDigits): AsyncGenerator<JobEvent> {
  const parsed = parseJobSpec({
    name: 'exports',
    data: { name: 'mnist', params: { test: DIGITS }, limit: 2000 },
    student: { model: 'resnet', params: { depth: 8, width: 8 } },
    method: { name: 'none' },
    train: { steps: 60, batchSize: 32, optimizer: { name: 'adam', learningRate: 0.01 } },
    evaluate: { everyEpochs: 0, latencyRuns: 0, batchSize: DIGITS },
    ...change,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  const shelves = { data: dataFormats, exports: exporters, methods, models }
  const { signal } = new AbortController()
  return runJob({ tf, spec: parsed.spec, shelves, scratch, checkpoint: null, fetchModel, signal })
}

async function firstDigits(): Promise<{ digits: Float32Array; labels: Int32Array }> {
  const { splits } = await (dataFormats.find(({ name }) => name === 'mnist') as (typeof dataFormats)[number]).open(
    { test: DIGITS },
    null,
  )
  const split: Split = splits.test
  const digits = new Float32Array(DIGITS * SIDE * SIDE)
  readSamples({ split, indices: Int32Array.from({ length: DIGITS }, (_, i) => i), into: digits, normalise: null })
  return { digits, labels: split.labels.slice(0, DIGITS) }
}
