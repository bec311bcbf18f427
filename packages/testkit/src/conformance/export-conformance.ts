// What every export format promises: files that depend on the weights alone, and that give the same logits when loaded;
// with quantised weights, logits that are as near as their bits allow, and the same in every format.
import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Architecture, buildNetwork, type Exporter, type Network, type Tensor } from '@stillhouse/engine'
import { tfjsLayers } from '@stillhouse/export'
import { afterEach, describe, expect, it } from 'vitest'
import { defaultParams } from './entry-conformance.ts'
import { layerKinds } from './layer-kinds.ts'
import { tf } from './native-tf.ts'

/** How far logits may be off, relative to the largest, by the type of the weights. */
const BOUNDS: Readonly<Record<string, number>> = { float16: 0.01, uint16: 0.001, uint8: 0.1 }

/**
 * Registers the tests of one entry.
 * @param families networks to export, by name; those around each kind of layer come of themselves
 */
export function exportConformance(exporter: Exporter, families: Readonly<Record<string, Architecture>>): void {
  const clean: (() => Promise<unknown> | unknown)[] = []
  afterEach(async () => {
    for (const step of clean.splice(0)) await step()
  })

  const build = (architecture: Architecture, seed: number) => {
    const network = buildNetwork({ tf, role: 'student', architecture, seed })
    clean.push(() => network.model.dispose())
    moveStatistics(network)
    return network
  }
  const write = async ({ model }: Network, params: unknown, into: Exporter = exporter) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'stillhouse-export-'))
    clean.push(() => rm(dir, { recursive: true }))
    await into.write({ tf, model, dir, params })
    return dir
  }

  const reload = async (architecture: Architecture, form: unknown) => {
    const network = build(architecture, 1)
    const x = tf.randomUniform([5, ...architecture.inputShape], 0, 1, 'float32', 3)
    clean.push(() => x.dispose())
    const expected = valuesOf(() => network.model.apply(x, { training: false }) as Tensor)
    const received = await answers(exporter, await write(network, form), x)
    const type = exporter.quantised?.(form) ?? null
    if (type === null) return expectNear(received, expected, 1e-5)
    expectNear(received, expected, BOUNDS[type] ?? Number.NaN)
    // the same numbers are in every format
    expectNear(received, await answers(tfjsLayers, await write(network, { weights: type }, tfjsLayers), x), 1e-4)
  }

  const params = formsOf(exporter)
  describe.each(Object.entries(families))('on a %s', (_name, architecture) => {
    // the first form and the coarsest: families may be large
    it.each(params.filter((_, i) => i === 0 || i === params.length - 1))(
      'gives the logits of the network when it is loaded, with %j',
      (form) => reload(architecture, form),
      120_000,
    )
  })

  describe.each(Object.entries(layerKinds))('on a %s', (_name, architecture) => {
    it.each(params)('loads what it wrote with %j, and gives the logits that it should', (form) =>
      reload(architecture, form),
    )

    it('writes the same bytes for the same weights, and others for other weights', async () => {
      for (const form of params) {
        const [first, second, other] = await Promise.all(
          [1, 1, 2].map(async (seed) => contents(await write(build(architecture, seed), form))),
        )
        expect(Object.keys(first ?? {}).length).toBeGreaterThan(0)
        expect(second).toEqual(first)
        expect(other).not.toEqual(first)
      }
    })

    it('leaves no tensors behind, neither writing nor loading', async () => {
      const network = build(architecture, 1)
      for (const form of params) {
        const dir = await write(network, form)
        const before = tf.memory().numTensors
        await exporter.write({ tf, model: network.model, dir, params: form })
        const loaded = await exporter.load({ tf, dir })
        loaded.dispose()
        expect(tf.memory().numTensors).toBe(before)
      }
    })
  })

  it('changes the numbers of a network that has kernels to quantise', async () => {
    const [architecture] = Object.values(families)
    if (architecture === undefined) throw new Error('The suite needs a network to export.')
    const files = params.map(async (form) => JSON.stringify(await contents(await write(build(architecture, 1), form))))
    expect(new Set(await Promise.all(files)).size).toBe(params.length)
  })
}

/** Its default parameters, and those with each type of weights that it offers. */
function formsOf(exporter: Exporter): unknown[] {
  const { enum: types = [] } = (exporter.parameters.properties['weights'] ?? {}) as { enum?: string[] }
  const own = defaultParams(exporter) as { weights?: string }
  return [own, ...types.filter((weights) => weights !== own.weights).map((weights) => ({ ...own, weights }))]
}

/** Batch-norm statistics as after training: the initial ones would hide that an export forgot them. */
function moveStatistics({ variables, trainable }: Network): void {
  const statistics = variables.filter((variable) => !trainable.includes(variable))
  for (const variable of statistics)
    tf.tidy(() => variable.assign(tf.randomUniform(variable.shape, 0.5, 2, 'float32', 5)))
}

async function answers(exporter: Exporter, dir: string, x: Tensor): Promise<number[]> {
  const loaded = await exporter.load({ tf, dir })
  const values = valuesOf(() => loaded.predict(x))
  loaded.dispose()
  return values
}

function valuesOf(logits: () => Tensor): number[] {
  return tf.tidy(() => Array.from(logits().dataSync()))
}

/** @param bound relative to the largest of the expected */
function expectNear(received: readonly number[], expected: readonly number[], bound: number): void {
  expect(received).toHaveLength(expected.length)
  const largest = Math.max(1e-3, ...expected.map(Math.abs))
  const off = received.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)) / largest)
  expect(Math.max(...off)).toBeLessThan(bound)
}

/** sha256 of every file below `dir`. */
async function contents(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const files = names.map((entry) => path.join(entry.parentPath, entry.name)).sort()
  const hashes = files.map(async (file) => hash('sha256', await readFile(file)))
  return Object.fromEntries((await Promise.all(hashes)).map((hash, i) => [path.relative(dir, files[i] ?? ''), hash]))
}
