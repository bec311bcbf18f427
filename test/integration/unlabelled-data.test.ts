// Samples without labels, with the shelves that ship: what learns from a teacher alone learns the same with and without.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkJob, runJob } from '@stillhouse/engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shelves } from '../../apps/trainer/src/shelves.ts'
import { bodyOf, npyFile } from '../../packages/data/src/testing/write-npy.ts'
import { tf } from '../exports/support/native-tf.ts'
import { specOf } from './support/short-run.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'stillhouse-unlabelled-'))
  await writeArrays()
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** Three classes by the sign of two sums, of 60 training and 30 test samples. */
async function writeArrays(): Promise<void> {
  for (const [split, samples] of Object.entries({ train: 60, test: 30 })) {
    const x = Float32Array.from({ length: 4 * samples }, (_, i) => Math.sin(1.7 * i * i + samples))
    const y = Uint8Array.from({ length: samples }, (_, i) =>
      (x[4 * i] ?? 0) > 0 ? 0 : (x[4 * i + 1] ?? 0) > 0 ? 1 : 2,
    )
    const write = (name: string, file: Parameters<typeof npyFile>[0]) =>
      writeFile(path.join(root, `${name}_${split}.npy`), npyFile(file))
    await write('x', { descr: '<f4', shape: [samples, 4], body: bodyOf(x) })
    await write('y', { descr: '|u1', shape: [samples], body: y })
  }
}

const UPLOAD = 'a'.repeat(64)
const job = (change: object, data: object = {}) =>
  specOf({
    name: 'unlabelled',
    data: { name: 'npz', params: { path: root, shape: [4], classes: 3, ...data } },
    student: { model: 'mlp', params: { hidden: [6] } },
    train: { epochs: 4, batchSize: 10, optimizer: { name: 'adam', learningRate: 0.02 }, compile: false },
    evaluate: { latencyRuns: 0 },
    ...change,
  })
const taught = (data: object, alpha = 1) =>
  job({ teacher: { from: { upload: UPLOAD } }, method: { name: 'kd', params: { alpha } } }, data)

interface Trained {
  readonly dir: string
  readonly weights: string
  readonly accuracy: number | undefined
}

async function run(name: string, spec: ReturnType<typeof job>, teacher: string | null = null): Promise<Trained> {
  const scratch = path.join(root, name)
  await mkdir(scratch)
  const fetchModel = async () => (teacher === null ? null : { dir: teacher, metrics: {} })
  let accuracy: number | undefined
  for await (const event of runJob({
    ...{ tf, spec, shelves, scratch, fetchModel, checkpoint: null, signal: new AbortController().signal },
  })) {
    if (event.type === 'done') accuracy = event.metrics['accuracy']
  }
  const dir = path.join(scratch, 'export', 'tfjs-layers')
  return { dir, accuracy, weights: (await readFile(path.join(dir, 'weights.bin'))).toString('base64') }
}

describe('training samples without labels', () => {
  it('teach a student by kd the very weights that they teach with labels that it does not read', async () => {
    const teacher = await run('teacher', job({ method: { name: 'none' } }))
    const labelled = await run('labelled', taught({}), teacher.dir)
    const half = await run('half', taught({}, 0.5), teacher.dir)
    await rm(path.join(root, 'y_train.npy'))
    const unlabelled = await run('unlabelled', taught({ trainLabels: false }), teacher.dir)
    expect(unlabelled).toEqual({ ...labelled, dir: unlabelled.dir })
    expect(labelled.weights).not.toBe(half.weights)
    expect(unlabelled.accuracy).toBeGreaterThan(0.4)
  })

  it('are refused at submit and by the worker where labels are read', async () => {
    const spec = taught({ trainLabels: false }, 0.9)
    expect(checkJob(spec, shelves)).toEqual([
      { path: '/method/params/alpha', message: expect.any(String), expected: '1', received: '0.9' },
    ])
    await expect(run('refused', spec)).rejects.toMatchObject({ code: 'spec.rejected' })
  })
})
