// What every export format promises: files that depend on the weights alone, and that give the same logits when loaded.
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Architecture, buildNetwork, type Exporter, type Network } from '@stillhouse/engine'
import { afterEach, describe, expect, it } from 'vitest'
import { defaultParams } from './entry-conformance.ts'
import { tf } from './native-tf.ts'

/**
 * Registers the tests of one entry.
 * @param architectures networks to export, by name
 */
export function exportConformance(exporter: Exporter, architectures: Readonly<Record<string, Architecture>>): void {
  const params = defaultParams(exporter)
  const clean: (() => Promise<unknown> | unknown)[] = []
  afterEach(async () => {
    for (const step of clean.splice(0)) await step()
  })

  const build = (architecture: Architecture, seed: number) => {
    const network = buildNetwork({ tf, role: 'student', architecture, seed })
    clean.push(() => network.model.dispose())
    return network
  }
  const write = async ({ model }: Network) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'stillhouse-export-'))
    clean.push(() => rm(dir, { recursive: true }))
    await exporter.write({ tf, model, dir, params })
    return dir
  }

  describe.each(Object.entries(architectures))('on a %s', (_name, architecture) => {
    it('loads what it wrote, with the same logits on real values', async () => {
      const network = build(architecture, 1)
      moveStatistics(network)
      const loaded = await exporter.load({ tf, dir: await write(network) })
      const x = tf.randomUniform([5, ...architecture.inputShape], 0, 1, 'float32', 3)
      const expected = tf.tidy(() => valuesOf(network.model.apply(x, { training: false })))
      const actual = tf.tidy(() => valuesOf(loaded.predict(x)))
      x.dispose()
      loaded.dispose()
      expect(actual).toHaveLength(expected.length)
      for (const [i, logit] of actual.entries()) expect(logit).toBeCloseTo(expected[i] ?? Number.NaN, 5)
    })

    it('writes the same bytes for the same weights, and others for other weights', async () => {
      const [first, second, other] = await Promise.all(
        [1, 1, 2].map(async (seed) => contents(await write(build(architecture, seed)))),
      )
      expect(Object.keys(first ?? {}).length).toBeGreaterThan(0)
      expect(second).toEqual(first)
      expect(other).not.toEqual(first)
    })

    it('leaves no tensors behind, neither writing nor loading', async () => {
      const network = build(architecture, 1)
      const dir = await write(network)
      const before = tf.memory().numTensors
      await exporter.write({ tf, model: network.model, dir, params })
      const loaded = await exporter.load({ tf, dir })
      loaded.dispose()
      expect(tf.memory().numTensors).toBe(before)
    })
  })
}

/** Batch-norm statistics as after training: the initial ones would hide that an export forgot them. */
function moveStatistics({ variables, trainable }: Network): void {
  const statistics = variables.filter((variable) => !trainable.includes(variable))
  for (const variable of statistics)
    tf.tidy(() => variable.assign(tf.randomUniform(variable.shape, 0.5, 2, 'float32', 5)))
}

function valuesOf(logits: unknown): number[] {
  return Array.from((logits as { dataSync(): Float32Array }).dataSync())
}

/** sha256 of every file below `dir`. */
async function contents(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const files = names.map((entry) => path.join(entry.parentPath, entry.name)).sort()
  const hashes = files.map(async (file) =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  )
  return Object.fromEntries((await Promise.all(hashes)).map((hash, i) => [path.relative(dir, files[i] ?? ''), hash]))
}
