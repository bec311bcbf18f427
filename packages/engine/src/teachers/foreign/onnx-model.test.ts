import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../testing/native-tf.ts'
import { loadForeignTeacher } from './load-foreign-teacher.ts'
import type { OnnxRuntime } from './onnx-runner.ts'

const loadOnnx = async () => createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntime
const [height, width, depth, classes] = [4, 5, 2, 3]

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'onnx-'))
  const fixture = new URL('../../../checks/tiny.onnx', import.meta.url)
  await copyFile(fileURLToPath(fixture), join(dir, 'model.onnx'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const load = (inputShape = [height, width, depth]) =>
  loadForeignTeacher({
    tf,
    kind: 'onnx',
    dir,
    signature: { inputShape, classes },
    source: 'upload 1',
    probabilities: false,
    loadOnnx,
  })

/** As checks/tiny-onnx.py says. */
const weight = (i: number) => (((7 * i) % 11) - 5) / 10

/** The model's answer for one [H, W, C] sample, worked out the long way. */
function byHand(sample: Float32Array): { features: number[]; logits: number[] } {
  const at = (y: number, x: number, c: number) =>
    y < 0 || x < 0 || y >= height || x >= width ? 0 : (sample[(y * width + x) * depth + c] as number)
  const range = (size: number) => Array.from({ length: size }, (_, i) => i)
  const conv = (filter: number, y: number, x: number) =>
    range(depth * 9).reduce((sum, i) => {
      const [c, dy, dx] = [Math.floor(i / 9), (Math.floor(i / 3) % 3) - 1, (i % 3) - 1]
      return sum + weight(filter * depth * 9 + i) * at(y + dy, x + dx, c)
    }, weight(filter))
  const features = range(3).flatMap((filter) =>
    range(height * width).map((i) => Math.max(0, conv(filter, Math.floor(i / width), i % width))),
  )
  const pixels = height * width
  const means = range(3).map(
    (filter) => features.slice(filter * pixels, (filter + 1) * pixels).reduce((sum, value) => sum + value) / pixels,
  )
  const logits = range(3).map((k) => means.reduce((sum, mean, i) => sum + mean * weight(i * 3 + k), weight(k)))
  return { features, logits }
}

describe('an ONNX file in ONNX Runtime', () => {
  it('gives logits and taps for samples whose channels come last', async () => {
    const { foreign } = await load()
    expect(foreign?.taps).toEqual(['logits', 'features'])
    expect(foreign?.shapeOf('features')).toEqual([3, 4, 5])
    const samples = Float32Array.from({ length: 3 * 40 }, (_, i) => Math.sin(i))
    const found = await foreign?.run(samples, 3, ['features', 'logits'])
    const expected = [0, 1, 2].map((i) => byHand(samples.subarray(i * 40, i * 40 + 40)))
    for (const tap of ['features', 'logits'] as const) {
      const values = expected.flatMap((one) => one[tap])
      expect(found?.[tap]?.length).toBe(values.length)
      found?.[tap]?.forEach((value, i) => {
        expect(value).toBeCloseTo(values[i] as number, 5)
      })
    }
    await foreign?.dispose()
  })

  it('that is damaged, or made for other samples, is refused', async () => {
    await expect(load([9, 9, 2])).rejects.toMatchObject({
      code: 'teacher.unavailable',
      message: expect.stringMatching(/Expected an input of \[batch, 9, 9, 2\].*received \[any, 2, 4, 5\]/),
    })
    await writeFile(join(dir, 'model.onnx'), 'no model')
    await expect(load()).rejects.toMatchObject({
      code: 'teacher.unavailable',
      message: expect.stringMatching(/refused by ONNX Runtime/),
    })
  })
})
