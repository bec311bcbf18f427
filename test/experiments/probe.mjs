// What a metric may look at beyond the job's own numbers: the trained student and its teachers, layer by layer, on any split.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataViews } from '../../packages/engine/dist/data/data-views.js'
import { buildNetwork, readSamples } from '../../packages/engine/dist/index.js'
import { loadLayersModel } from '../../packages/engine/dist/network/layers-model-files.js'
import { layersModelNetwork } from '../../packages/engine/dist/network/layers-model-network.js'
import { takeWeights } from '../../packages/engine/dist/network/take-weights.js'
import { architectureOf, forward, shelves } from '../bench/stillhouse/engine.mjs'

/** Samples at a time. */
const BATCH = 500

/**
 * @typedef {import('../bench/stillhouse/engine.mjs').Network} Network
 * @typedef {{split?: 'test' | 'train' | 'job', samples?: number}} On `job`: the training samples of the job, in the order of
 *   their places; `samples`: only the first so many
 * @typedef {{shape: number[], values: Float32Array}} Features `shape` with the samples first
 * @typedef {Awaited<ReturnType<typeof createProbe>>} Probe
 */

/**
 * @param {{tf: import('@stillhouse/engine').Tf, spec: any, student: string, teachers: readonly string[]}} options
 *   folders with the models
 */
export async function createProbe({ tf, spec, student, teachers }) {
  const entry = shelves.data.find(({ name }) => name === spec.data.name)
  if (!entry) throw new Error(`There is no data set "${spec.data.name}" on the shelf.`)
  const dataset = await entry.open(withDefaults(entry, spec.data.params), null)

  /** @param {string} role @param {any} described */
  const build = (role, described) => {
    const architecture = architectureOf({ ...dataset.signature, teacher: described, student: described }, 'student')
    return buildNetwork({ tf, role, architecture, seed: spec.train.seed })
  }
  /** @param {string} role @param {any} described @param {string} dir */
  const load = async (role, described, dir) => {
    const network = build(role, described)
    const model = await loadLayersModel({ tf, dir }, dir)
    takeWeights(tf, network, model)
    model.dispose()
    return network
  }
  /** @param {On} on */
  const samplesOf = ({ split = 'test', samples = Number.POSITIVE_INFINITY }) => {
    if (spec.data.normalise !== undefined)
      throw new Error('A probe reads samples as they are. Leave out data.normalise.')
    const from = dataset.splits[split === 'test' ? 'test' : 'train']
    const all =
      split === 'job'
        ? dataViews(dataset, spec.data).train.indices
        : Int32Array.from({ length: from.size }, (_, i) => i)
    const indices = all.slice(0, samples)
    const into = new Float32Array((indices.length * from.values.length) / from.size)
    readSamples({ split: from, indices, into, normalise: null })
    return { count: indices.length, values: into }
  }
  /** @param {Network} network @param {string} tap @param {On} on @returns {Features} */
  const features = (network, tap, on) => {
    const { count, values } = samplesOf(on)
    return through(network, { shape: [count, ...dataset.signature.inputShape], values }, tap)
  }
  /** @param {Network} network @param {Features} given @param {string} [tap] @returns {Features} */
  const through = (network, { shape: [count = 0, ...inputShape], values }, tap) => {
    const each = values.length / count
    /** @type {Float32Array[]} */
    const parts = []
    /** @type {number[]} */
    let shape = []
    for (let from = 0; from < count; from += BATCH) {
      const size = Math.min(BATCH, count - from)
      const found = tf.tidy(() => {
        const x = tf.tensor(values.subarray(from * each, (from + size) * each), [size, ...inputShape])
        const outputs = forward({ tf, network, x })
        return tap === undefined ? outputs.logits : outputs.tap(tap)
      })
      shape = [count, ...found.shape.slice(1)]
      parts.push(/** @type {Float32Array} */ (found.dataSync()))
      found.dispose()
    }
    return { shape, values: joined(parts) }
  }

  return {
    /** @param {string} tap @param {On} [on] */
    student: async (tap, on = {}) => features(await load('student', spec.student, student), tap, on),
    /** The student with its first weights. @param {string} tap @param {On} [on] */
    untrained: (tap, on = {}) => features(build('student', spec.student), tap, on),
    /** @param {string} tap @param {On & {epoch?: number}} [on] `epoch`: as the first teacher was after so many of its own */
    teacher: async (tap, { epoch, ...on } = {}) => {
      const dir = teachers[0]
      if (dir === undefined) throw new Error('The job has no trained teacher to look at.')
      const from = epoch === undefined ? dir : join(dir, 'snapshots', String(epoch))
      return features(await load('teacher', spec.teachers[0], from), tap, on)
    },
    /** The student as it is exported, which may be one of several branches. @param {string} layer @param {On} [on] */
    deployed: async (layer, on = {}) => {
      const model = await loadLayersModel({ tf, dir: student }, student)
      return features(layersModelNetwork({ role: 'deployed', model, frozen: true }), layer, on)
    },
    /** Classes, in the order of the features. @param {On} [on] */
    labels: ({ split = 'test', samples = Number.POSITIVE_INFINITY } = {}) => {
      if (split === 'job') return dataViews(dataset, spec.data).train.labels.slice(0, samples)
      return dataset.splits[split].labels.slice(0, samples)
    },
    /** Of a network that is still there (see watch.mjs). @param {Network} network @param {string} tap @param {On} [on] */
    of: (network, tap, on = {}) => features(network, tap, on),
    /** What a network, such as an adapter, makes of features; without a tap, its output. */
    through,
    /** Parts of the footing (see fairness.mjs) that are seen here. */
    footing() {
      const { labels, values } = dataset.splits.test
      const test = createHash('sha256').update(labels).update(values)
      const weights = createHash('sha256')
      for (const variable of build('student', spec.student).variables) weights.update(variable.dataSync())
      return { test: short(test), initialWeights: short(weights), teacher: teachersDigest(teachers) }
    },
  }
}

/** @param {import('node:crypto').Hash} hash */
const short = (hash) => hash.digest('hex').slice(0, 16)

/** @param {readonly string[]} folders @returns {string | null} */
function teachersDigest(folders) {
  if (folders.length === 0) return null
  const hash = createHash('sha256')
  for (const folder of folders) hash.update(readFileSync(join(folder, 'model.weights.bin')))
  return short(hash)
}

/** @param {{parameters: any}} entry @param {object} [params] */
function withDefaults({ parameters }, params = {}) {
  const defaults = Object.entries(parameters.properties ?? {}).map(([key, schema]) => [
    key,
    /** @type {{default?: unknown}} */ (schema).default,
  ])
  return { ...Object.fromEntries(defaults.filter(([, value]) => value !== undefined)), ...params }
}

/** @param {readonly Float32Array[]} parts */
function joined(parts) {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
