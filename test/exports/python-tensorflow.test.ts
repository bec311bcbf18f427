// A SavedModel in the runtime that it is named after: TensorFlow for Python, with no class of ours.
import { execFile } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accuracyOf, expectSameLogits } from './support/compare-logits.ts'
import { DIGITS, type ExportedJob, exportedJob } from './support/exported-job.ts'
import { tool } from './support/tools.ts'

const WEIGHTS = ['float32', 'float16', 'uint16', 'uint8']
const SCRIPT = fileURLToPath(new URL('./support/predict.py', import.meta.url))

interface Answer {
  readonly tensorflow: string
  readonly inputs: object
  readonly outputs: object
  /** How far the first digit's logits are off when it is asked alone. */
  readonly alone: number
  readonly logits: Float32Array
}

let job: ExportedJob
let answers: ReadonlyMap<string, Answer>
beforeAll(async () => {
  job = await exportedJob('saved-model', WEIGHTS)
  answers = await inPython()
}, 240_000)
afterAll(() => job?.remove())

/** All in one process, since it takes seconds to start. */
async function inPython(): Promise<Map<string, Answer>> {
  const { python, packages } = tool('pythonTensorflow')
  const folder = path.dirname(job.folder('float32'))
  const samples = path.join(folder, 'samples')
  const out = (weights: string) => path.join(folder, `${weights}.logits`)
  await writeFile(samples, new Uint8Array(job.digits.buffer))
  const models = WEIGHTS.flatMap((weights) => [job.folder(weights), out(weights)])
  const args = [SCRIPT, samples, [DIGITS, 28, 28, 1].join(), ...models]
  const env = { ...process.env, PYTHONPATH: packages, TF_CPP_MIN_LOG_LEVEL: '2' }
  const { stdout } = await promisify(execFile)(python, args, { env })
  const said = JSON.parse(stdout) as Answer[]
  const read = async (weights: string) => new Float32Array(new Uint8Array(await readFile(out(weights))).buffer)
  const logits = await Promise.all(WEIGHTS.map(read))
  return new Map(WEIGHTS.map((weights, i) => [weights, { ...said[i], logits: logits[i] } as Answer]))
}

describe('TensorFlow for Python opens a SavedModel', () => {
  test.each(WEIGHTS)('with %s weights, and answers real digits as ours does, one at a time too', async (weights) => {
    const { logits, alone, ...said } = answers.get(weights) as Answer
    expect(said).toEqual({
      tensorflow: expect.stringMatching(/^2\./),
      inputs: { input: ['float32', [null, 28, 28, 1]] },
      outputs: { logits: ['float32', [null, 10]] },
    })
    expect(alone).toBeLessThan(1e-3)
    expectSameLogits(logits, await job.answers(weights), 1e-4)
    const { metrics, input } = await job.manifest(weights)
    expect(accuracyOf(logits, job.labels)).toBeCloseTo(metrics.accuracy, 2)
    expect(metrics.accuracy).toBeGreaterThan(0.5)
    expect(input).toMatchObject({ shape: [28, 28, 1], range: [0, 1] })
  })

  test('in fewer bits is smaller, and answers a little differently', async () => {
    const sizes = await Promise.all(
      WEIGHTS.map(async (weights) => (await stat(path.join(job.folder(weights), 'saved_model.pb'))).size),
    )
    const [float32 = 0, float16 = 0, uint16 = 0, uint8 = 0] = sizes
    for (const half of [float16, uint16]) expect(half).toBeLessThan(0.7 * float32)
    expect(uint8).toBeLessThan(0.5 * float32)
    const [exact, coarse] = await Promise.all([job.answers('float32'), job.answers('uint8')])
    expect([...coarse]).not.toEqual([...exact])
  })
})
