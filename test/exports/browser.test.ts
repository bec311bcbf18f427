// A LayersModel where it is meant to run: a real browser with stock TensorFlow.js, one line to open it.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accuracyOf, expectSameLogits } from './support/compare-logits.ts'
import { DIGITS, type ExportedJob, exportedJob } from './support/exported-job.ts'
import { type ServedFiles, serveFiles } from './support/serve-files.ts'
import { tool } from './support/tools.ts'

const WEIGHTS = ['float32', 'float16', 'uint16', 'uint8']

let job: ExportedJob
let files: ServedFiles
let browser: Browser
let page: Page
beforeAll(async () => {
  job = await exportedJob('tfjs-layers', WEIGHTS)
  files = await serveFiles(path.dirname(job.folder('float32')))
  // the browser sees this machine's own page only, and a container's root has no sandbox to give it
  browser = await chromium.launch({ executablePath: tool('chromium'), args: ['--no-sandbox'] })
  page = await browser.newPage()
  await page.goto(files.url)
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await files?.close()
  await job?.remove()
})

/** Runs in the page; `tf` is the published bundle's. */
async function inBrowser(weights: string): Promise<{ version: string; backend: string; logits: number[] }> {
  return page.evaluate(
    async ({ url, digits, count }) => {
      const { tf } = globalThis as unknown as { tf: typeof import('@tensorflow/tfjs') }
      await tf.setBackend('cpu')
      const model = await tf.loadLayersModel(url)
      const answer = model.predict(tf.tensor(digits, [count, 28, 28, 1])) as import('@tensorflow/tfjs').Tensor
      return { version: tf.version.tfjs, backend: tf.getBackend(), logits: [...(await answer.data())] }
    },
    { url: `/${weights}/model.json`, digits: [...job.digits], count: DIGITS },
  )
}

describe('stock TensorFlow.js in a browser opens a LayersModel', () => {
  test.each(WEIGHTS)(
    'with %s weights, and answers real digits as ours does',
    async (weights) => {
      const { version, backend, logits } = await inBrowser(weights)
      expect([version, backend]).toEqual(['4.22.0', 'cpu'])
      expectSameLogits(logits, await job.answers(weights), 1e-4)
      const { metrics } = await job.manifest(weights)
      expect(accuracyOf(logits, job.labels)).toBeCloseTo(metrics.accuracy, 2)
      expect(metrics.accuracy).toBeGreaterThan(0.5)
    },
    120_000,
  )

  test('in fewer bits is a smaller download, and answers a little differently', async () => {
    const sizes = await Promise.all(
      WEIGHTS.map(async (weights) => (await stat(path.join(job.folder(weights), 'weights.bin'))).size),
    )
    const [float32 = 0, float16 = 0, uint16 = 0, uint8 = 0] = sizes
    expect(float16).toBe(uint16)
    expect(float16).toBeLessThan(0.55 * float32)
    expect(uint8).toBeLessThan(0.3 * float32)
    const [exact, coarse] = await Promise.all([job.answers('float32'), job.answers('uint8')])
    expect([...coarse]).not.toEqual([...exact])
  })
})
