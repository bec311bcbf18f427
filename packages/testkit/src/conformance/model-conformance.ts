// What every model family promises: a description that counts, checks and builds the same network every time.
import { buildNetwork, describeArchitecture, type ModelFamily, type Network, type Signature } from '@stillhouse/engine'
import { afterEach, describe, expect, it } from 'vitest'
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
  const built: Network[] = []
  const build = (signature: Signature, seed = 1) => {
    const architecture = family.architecture(params, signature)
    const network = buildNetwork({ tf, role: 'student', architecture, seed })
    built.push(network)
    return network
  }
  afterEach(() => {
    for (const { model } of built.splice(0)) model.dispose()
  })

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
      const { taps } = describeArchitecture(family.architecture(params, signature))
      expect([...taps.keys()]).toEqual(expect.arrayContaining(['stage1', 'penultimate', 'logits']))
      expect(taps.size).toBe(Object.keys(family.architecture(params, signature).taps).length)
      expect(taps.get('logits')?.shape).toEqual([signature.classes])
    })

    it('counts as many parameters as its variables hold', () => {
      const { params: counted } = describeArchitecture(family.architecture(params, signature))
      const held = build(signature).trainable.reduce((sum, variable) => sum + variable.size, 0)
      expect(held).toBe(counted)
    })

    it('begins with weights that its seed determines', () => {
      const [first, second, other] = [build(signature, 1), build(signature, 1), build(signature, 2)].map(digest)
      expect(second).toBe(first)
      expect(other).not.toBe(first)
    })

    it('gives finite logits, for one sample as for several', () => {
      const { model } = build(signature)
      const x = tf.randomNormal([3, ...signature.inputShape], 0, 1, 'float32', 7)
      const three = tf.tidy(() => rows(model.apply(x)))
      const one = tf.tidy(() => rows(model.apply(tf.slice(x, 1, 1))))
      x.dispose()
      expect(three).toHaveLength(3)
      expect(three.flat().every(Number.isFinite)).toBe(true)
      for (const [i, logit] of (one[0] ?? []).entries()) expect(logit).toBeCloseTo(three[1]?.[i] ?? Number.NaN, 4)
    })

    it('saved and loaded as a stock LayersModel, gives the same logits', async () => {
      const { model } = build(signature)
      const loaded = await tf.loadLayersModel(await inMemory(model))
      const x = tf.randomNormal([2, ...signature.inputShape], 0, 1, 'float32', 7)
      const [expected, actual] = [model, loaded].map((one) => tf.tidy(() => rows(one.apply(x))))
      x.dispose()
      loaded.dispose()
      expect(actual).toEqual(expected)
    })
  })
}

type Applied = ReturnType<Network['model']['apply']>

function rows(logits: Applied): number[][] {
  return (logits as unknown as { arraySync(): number[][] }).arraySync()
}

function digest({ variables }: Network): string {
  return variables.map((variable) => Array.from(variable.dataSync()).join()).join(';')
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
