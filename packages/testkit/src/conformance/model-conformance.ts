// What every model family promises: a description that counts, checks and builds the same network every time.
import { createHash } from 'node:crypto'
import {
  buildNetwork,
  deployableModel,
  describeArchitecture,
  type ModelFamily,
  type Network,
  type Signature,
} from '@stillhouse/engine'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { defaultParams } from './entry-conformance.ts'
import { tf } from './native-tf.ts'

const SIGNATURES: readonly Signature[] = [
  { inputShape: [8, 8, 1], classes: 10 },
  { inputShape: [28, 28, 1], classes: 10 },
  { inputShape: [32, 32, 3], classes: 100 },
  { inputShape: [5, 9, 2], classes: 2 },
  { inputShape: [12], classes: 3 },
]

/** Registers the tests of one entry, with its defaults, on every shape of sample that it takes. */
export function modelConformance(family: ModelFamily): void {
  const params = defaultParams(family)
  const taken = SIGNATURES.filter((signature) => family.check(params, signature).length === 0)
  const describeOn = (signature: Signature) => describeArchitecture(family.architecture(params, signature))
  const build = (signature: Signature, seed = 1) =>
    buildNetwork({ tf, role: 'student', architecture: family.architecture(params, signature), seed })

  it('takes some shape of sample, and says of every other what it expects', () => {
    expect(taken.length).toBeGreaterThan(0)
    for (const signature of SIGNATURES)
      for (const { message, expected } of family.check(params, signature))
        expect(message.length * expected.length).toBeGreaterThan(0)
  })

  describe.each(taken)('on samples of $inputShape in $classes classes', (signature) => {
    it('describes a network without faults, as plain data, the same every time', () => {
      const architecture = family.architecture(params, signature)
      expect(describeArchitecture(architecture).faults).toEqual([])
      expect(family.architecture(params, signature)).toEqual(architecture)
      expect(JSON.parse(JSON.stringify(architecture))).toEqual(architecture)
    })

    it('has the taps that methods ask for, and logits of the right size', () => {
      const { taps, macs } = describeOn(signature)
      expect([...taps.keys()]).toEqual(expect.arrayContaining(['stage1', 'penultimate', 'logits']))
      expect(taps.size).toBe(Object.keys(family.architecture(params, signature).taps).length)
      expect(macs).toBeGreaterThan(0)
      for (const [tap, { shape }] of taps) {
        if (/(^|\.)logits$/.test(tap)) expect([tap, shape]).toEqual([tap, [signature.classes]])
        if (/(^|\.)penultimate$/.test(tap)) expect([tap, shape.length]).toEqual([tap, 1])
      }
    })

    it('taps a map before its ReLU with the channels that it has after, and on no fewer places', () => {
      const { taps } = describeOn(signature)
      for (const [tap, { shape }] of taps) {
        if (!tap.endsWith('.pre')) continue
        const after = taps.get(tap.slice(0, -'.pre'.length))?.shape ?? []
        expect([tap, shape.at(-1), shape.length]).toEqual([tap, after.at(-1), after.length])
        for (const [axis, size] of after.entries()) expect(shape[axis]).toBeGreaterThanOrEqual(size)
      }
    })

    builtConformance(signature, { build, describeOn })
  })
}

interface Builds {
  build(signature: Signature, seed?: number): Network
  describeOn(signature: Signature): ReturnType<typeof describeArchitecture>
}

/** What holds for the network itself, built once for all of these tests: large ones take their time. */
function builtConformance(signature: Signature, { build, describeOn }: Builds): void {
  let network: Network
  let x: ReturnType<typeof tf.randomNormal>
  const clean: (() => void)[] = []
  beforeAll(() => {
    network = build(signature)
    x = tf.randomNormal([3, ...signature.inputShape], 0, 1, 'float32', 7)
  })
  afterEach(() => {
    for (const step of clean.splice(0)) step()
  })
  afterAll(() => {
    network.model.dispose()
    x.dispose()
  })

  it('counts as many parameters as its variables hold', () => {
    const held = network.trainable.reduce((sum, variable) => sum + variable.size, 0)
    expect(held).toBe(describeOn(signature).params)
  })

  it('builds every layer with the shape that its description gives', () => {
    const built = network.model.layers.slice(1)
    const shapes = built.map(({ name, outputShape }) => [name, (outputShape as number[]).slice(1)] as const)
    expect(Object.fromEntries(shapes)).toEqual(Object.fromEntries(describeOn(signature).shapes))
  })

  it('begins with weights that its seed determines', () => {
    const again = [1, 2].map((seed) => build(signature, seed))
    clean.push(() => {
      for (const { model } of again) model.dispose()
    })
    const [same, other] = again.map(digest)
    expect(same).toBe(digest(network))
    expect(other).not.toBe(digest(network))
  })

  it('gives finite logits, for one sample as for several', () => {
    const model = deployableModel(tf, network.model)
    const three = tf.tidy(() => answers(model, x)[0] ?? [])
    const one = tf.tidy(() => answers(model, tf.slice(x, 1, 1))[0] ?? [])
    expect(three.map((row) => row.length)).toEqual([1, 2, 3].map(() => signature.classes))
    expect(three.flat().every(Number.isFinite)).toBe(true)
    const largest = Math.max(1, ...three.flat().map(Math.abs))
    for (const [i, logit] of (one[0] ?? []).entries())
      expect(Math.abs(logit - (three[1]?.[i] ?? Number.NaN)) / largest).toBeLessThan(1e-4)
  })

  it('saved and loaded as a stock LayersModel, gives the same at each of its ends', async () => {
    const loaded = await tf.loadLayersModel(await inMemory(network.model))
    clean.push(() => loaded.dispose())
    const [expected, actual] = [network.model, loaded].map((model) => tf.tidy(() => answers(model, x)))
    expect(expected).toHaveLength(network.model.outputs.length)
    expect(actual).toEqual(expected)
  })
}

/** Rows of each output, the network's own first. */
function answers(model: Network['model'], x: ReturnType<typeof tf.slice>): number[][][] {
  return [model.apply(x, { training: false })].flat().map((output) => (output as typeof x).arraySync() as number[][])
}

function digest({ variables }: Network): string {
  const hash = createHash('sha256')
  for (const variable of variables) hash.update(new Uint8Array((variable.dataSync() as Float32Array).buffer))
  return hash.digest('hex')
}

async function inMemory(model: Network['model']) {
  let saved: Parameters<Parameters<typeof tf.io.withSaveHandler>[0]>[0] = {}
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  return tf.io.fromMemory(saved)
}
