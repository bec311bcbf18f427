// A job whose only export is quantised may teach another: loading it undoes the quantisation.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ExportedJob, exportedJob, runOnDigits } from './support/exported-job.ts'

let job: ExportedJob
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'stillhouse-taught-'))
  job = await exportedJob('tfjs-layers', ['uint8'])
}, 120_000)
afterAll(async () => {
  await rm(scratch, { recursive: true })
  await job?.remove()
})

test('a quantised export teaches a job, as accurate as it was when it was written', async () => {
  const change = {
    teacher: { from: { job: '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d' } },
    method: { name: 'kd' },
    student: { model: 'mlp' },
    train: { steps: 5, batchSize: 32 },
  }
  const fetchModel = async () => ({ dir: job.folder('uint8'), metrics: {} })
  let metrics: Readonly<Record<string, number>> = {}
  for await (const event of runOnDigits({ scratch, change, fetchModel }))
    if (event.type === 'done') metrics = event.metrics
  expect(metrics['teacher.accuracy']).toBeCloseTo((await job.manifest('uint8')).metrics.accuracy, 2)
  expect(metrics['teacher.accuracy']).toBeGreaterThan(0.5)
}, 120_000)
