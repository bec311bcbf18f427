// What a user does with an export: one line of stock tfjs, from a file.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildNetwork, partOf } from '@stillhouse/engine'
import { checkLayersModel, tfjsLayers } from '@stillhouse/export'
import { models } from '@stillhouse/models'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultParams } from './entry-conformance.ts'
import { tf } from './native-tf.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'stillhouse-stock-'))
})
afterAll(() => rm(root, { recursive: true }))

describe.each(models)('an exported $name', (family) => {
  const signature = { inputShape: [8, 8, 1], classes: 10 }
  const whole = family.architecture(defaultParams(family), signature)
  // of a branched network the part that leads to its output
  const architecture = partOf(whole, whole.output)

  it('opens with tf.loadLayersModel from its files, and passes the check for uploads', async () => {
    const dir = await mkdtemp(path.join(root, 'export-'))
    const { model, trainable } = buildNetwork({ tf, role: 'student', architecture, seed: 1 })
    await tfjsLayers.write({ tf, model, dir, params: defaultParams(tfjsLayers) })

    const loaded = await tf.loadLayersModel(`file://${dir}/model.json`)
    const x = tf.randomUniform([4, 8, 8, 1], 0, 1, 'float32', 2)
    const [expected, actual] = [model, loaded].map((one) => tf.tidy(() => [...(one.predict(x) as typeof x).dataSync()]))
    expect(actual).toEqual(expected)

    const json = JSON.parse(await readFile(path.join(dir, 'model.json'), 'utf8'))
    const params = trainable.reduce((sum, variable) => sum + variable.size, 0)
    expect(checkLayersModel(json, await readFile(path.join(dir, 'weights.bin')))).toEqual({
      ok: true,
      inputShape: [8, 8, 1],
      outputShape: [10],
      params,
    })
    tf.dispose([x])
    model.dispose()
    loaded.dispose()
  })

  it('opens with tf.loadLayersModel when its weights are quantised too', async () => {
    const dir = await mkdtemp(path.join(root, 'export-'))
    const { model } = buildNetwork({ tf, role: 'student', architecture, seed: 1 })
    await tfjsLayers.write({ tf, model, dir, params: { weights: 'uint8' } })
    const loaded = await tf.loadLayersModel(`file://${dir}/model.json`)
    const { size } = await stat(path.join(dir, 'weights.bin'))
    expect(size).toBeLessThan(4 * model.countParams())
    for (const [i, weight] of loaded.getWeights().entries()) {
      const original = model.getWeights()[i] as typeof weight
      const [off, range] = tf.tidy(() =>
        [tf.max(tf.abs(tf.sub(weight, original))), tf.sub(tf.max(original), tf.min(original))].map(
          (value) => value.dataSync()[0] as number,
        ),
      )
      expect(off).toBeLessThanOrEqual(((range ?? Number.NaN) / 255) * 1.001)
    }
    model.dispose()
    loaded.dispose()
  })
})
