import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SavedModelOptions, writeSavedModel } from '@stillhouse/graph'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tensor } from '../../contracts/tf.ts'
import { buildNetwork } from '../../network/build-network.ts'
import { forward } from '../../network/forward.ts'
import { randomKey } from '../../random/random-key.ts'
import { randomStream } from '../../random/random-stream.ts'
import { writeGraphModel } from '../../testing/graph-model-files.ts'
import { tf } from '../../testing/native-tf.ts'
import { tinyCnn } from '../../testing/tiny-architectures.ts'
import type { ForeignModel } from '../foreign-model.ts'
import { type LoadForeignTeacher, loadForeignTeacher } from './load-foreign-teacher.ts'

const signature = { inputShape: [6, 6, 2], classes: 3 }
const network = buildNetwork({ tf, role: 'teacher', architecture: tinyCnn(signature), seed: 1, frozen: true })
const random = randomStream(randomKey(1, 'foreign'))
const numbers = (length: number) => Float32Array.from({ length }, () => random.normal())
const x = numbers(5 * 72)

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'foreign-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const load = (dir: string, change: Partial<LoadForeignTeacher> = {}) =>
  loadForeignTeacher({
    tf,
    kind: 'saved-model',
    dir,
    signature,
    source: 'upload 1',
    probabilities: false,
    loadOnnx: null,
    ...change,
  })

/** Opens it for as long as `use` runs. */
async function using<T>(dir: string, change: Partial<LoadForeignTeacher>, use: (model: ForeignModel) => Promise<T>) {
  const { foreign } = await load(dir, change)
  try {
    return await use(foreign as ForeignModel)
  } finally {
    await foreign?.dispose()
  }
}

/** What the network gives in our own forward pass. */
const expected = (tap: string, samples: Float32Array) =>
  tf.tidy(() => {
    const outputs = forward({ tf, network, x: tf.tensor(samples, [samples.length / 72, 6, 6, 2]) })
    return (tap === 'logits' ? outputs.logits : outputs.tap(tap)).dataSync() as Float32Array
  })

type Predict = SavedModelOptions['predict']

function savedModel(name: string, predict: Predict, options: Partial<SavedModelOptions> = {}): string {
  const dir = join(root, name)
  const example = tf.zeros([2, 6, 6, 2])
  writeSavedModel({ tf, dir, inputs: { image: example }, predict, ...options })
  example.dispose()
  return dir
}

const run = (image: Tensor) => forward({ tf, network, x: image })
const logitsOnly: Predict = ({ image }) => ({ answer: run(image as Tensor).logits })

describe('a SavedModel', () => {
  it('gives the logits and taps that its signature names, for any number of samples', async () => {
    const dir = savedModel('taps', ({ image }) => {
      const outputs = run(image as Tensor)
      return { logits: outputs.logits, stage1: outputs.tap('stage1') }
    })
    await using(dir, {}, async (model) => {
      expect([...model.taps].sort()).toEqual(['logits', 'stage1'])
      expect(model.shapeOf('stage1')).toEqual([6, 6, 4])
      expect(() => model.shapeOf('stage2')).toThrow(/no tap "stage2".*Taps: logits, stage1/)
      for (const count of [1, 5]) {
        const samples = x.subarray(0, count * 72)
        const found = await model.run(samples, count, ['stage1', 'logits'])
        expectClose(found['logits'], expected('logits', samples))
        expectClose(found['stage1'], expected('stage1', samples))
      }
    })
  })

  it('has its only output for logits, in batches of the size that it was written for', async () => {
    const dir = savedModel('fixed', logitsOnly, { batch: 'fixed' })
    await using(dir, {}, async (model) => {
      expect(model.taps).toEqual(['logits'])
      const found = await model.run(x, 5, ['logits'])
      expectClose(found['logits'], expected('logits', x))
    })
  })

  it('that gives probabilities has their logarithms for logits', async () => {
    const dir = savedModel('softmax', ({ image }) => ({ p: tf.softmax(run(image as Tensor).logits) }))
    await using(dir, { probabilities: true }, async (model) => {
      const { logits = new Float32Array() } = await model.run(x, 5, ['logits'])
      const logs = tf.tidy(() => tf.logSoftmax(tf.tensor(expected('logits', x), [5, 3])).dataSync() as Float32Array)
      expectClose(logits, logs)
    })
  })

  it('is known by all its bytes and by what its answers mean', async () => {
    const dir = savedModel('digest', logitsOnly)
    const copy = join(root, 'copy')
    await cp(dir, copy, { recursive: true })
    const digest = async (of: string, change = {}) => {
      const { digest: found, foreign } = await load(of, change)
      await foreign?.dispose()
      return found
    }
    const first = await digest(dir)
    expect(await digest(copy)).toBe(first)
    expect(await digest(dir, { probabilities: true })).not.toBe(first)
    await writeFile(join(copy, 'more'), 'x')
    expect(await digest(copy)).not.toBe(first)
  })

  it('that does not fit is refused with what was expected and received', async () => {
    const two = savedModel('two', ({ image }) => ({ a: run(image as Tensor).logits, b: run(image as Tensor).logits }))
    await refused(two, /which output is the answer.*received a, b/)
    await refused(savedModel('shape', logitsOnly), /Expected an input of \[batch, 8, 8, 2\].*\[any, 6, 6, 2\]/, {
      signature: { inputShape: [8, 8, 2], classes: 3 },
    })
    await refused(savedModel('classes', logitsOnly), /Expected logits of \[2, 10\] for 2 samples; received \[2, 3\]/, {
      signature: { ...signature, classes: 10 },
    })
    const named = savedModel('signature', logitsOnly, { signature: 'classify' })
    await refused(named, /Expected "serving_default" under the tag "serve"; received serve: classify/)
    const example = { image: tf.zeros([2, 6, 6, 2]), mask: tf.zeros([2, 1]) }
    const masked: Predict = ({ image, mask }) => ({ logits: tf.mul(run(image as Tensor).logits, mask as Tensor) })
    await refused(savedModel('inputs', masked, { inputs: example }), /2 inputs. Expected one; received image, mask/)
    tf.dispose(example)
  })

  it('that is none is refused', async () => {
    await refused(join(root, 'nowhere'), /is not a SavedModel: There is no saved_model.pb/)
    const dir = savedModel('damaged', logitsOnly)
    await writeFile(join(dir, 'saved_model.pb'), 'no model')
    await refused(dir, /SavedModel/)
  })

  it('leaks no tensors', async () => {
    const dir = savedModel('tensors', logitsOnly)
    const before = tf.memory().numTensors
    await using(dir, {}, async (model) => {
      await model.run(x, 5, ['logits'])
    })
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('a GraphModel', () => {
  const flat = { inputShape: [4], classes: 3 }
  const weights = numbers(4 * 5 + 5 + 5 * 3 + 3)
  const model = { width: 4, hidden: 5, classes: 3, weights }
  const graph = { kind: 'tfjs-graph', signature: flat } as const

  function byHand(sample: Float32Array) {
    const at = (i: number) => weights[i] as number
    const layer = (input: number[], from: number, to: number) =>
      Array.from({ length: to }, (_, k) =>
        input.reduce((sum, value, i) => sum + value * at(from + i * to + k), at(from + input.length * to + k)),
      )
    const hidden = layer([...sample], 0, 5).map((value) => Math.max(0, value))
    return { hidden, logits: layer(hidden, 25, 3) }
  }

  it('gives its output as logits and every node inside it as a tap', async () => {
    const dir = join(root, 'graph')
    await writeGraphModel(dir, model)
    const before = tf.memory().numTensors
    await using(dir, graph, async (loaded) => {
      expect(loaded.taps).toEqual(['logits', 'm1', 'a1', 'hidden', 'm2'])
      expect(loaded.shapeOf('hidden')).toEqual([5])
      expect(loaded.params).toBe(weights.length)
      const samples = x.subarray(0, 12)
      const found = await loaded.run(samples, 3, ['hidden', 'logits'])
      const rows = [0, 1, 2].map((i) => byHand(samples.subarray(i * 4, i * 4 + 4)))
      expectClose(
        found['logits'],
        rows.flatMap(({ logits }) => logits),
      )
      expectClose(
        found['hidden'],
        rows.flatMap(({ hidden }) => hidden),
      )
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('takes an image without its only channel as a row of values', async () => {
    const dir = join(root, 'graph-image')
    await writeGraphModel(dir, model)
    await using(dir, { ...graph, signature: { inputShape: [2, 2, 1], classes: 3 } }, async (loaded) => {
      const found = await loaded.run(x.subarray(0, 4), 1, ['logits'])
      expectClose(found['logits'], byHand(x.subarray(0, 4)).logits)
    })
  })

  it('that cannot be run is refused', async () => {
    const custom = join(root, 'graph-custom')
    await writeGraphModel(custom, { ...model, op: 'FancyOp' })
    await refused(custom, /cannot be (run|loaded).*FancyOp/s, graph)
    const two = join(root, 'graph-two')
    await writeGraphModel(two, { ...model, inputs: 2 })
    await refused(two, /has 2 inputs. Expected one; received x, x2/, graph)
    await refused(join(root, 'nowhere'), /cannot be loaded/, graph)
  })
})

async function refused(dir: string, message: RegExp, change: Partial<LoadForeignTeacher> = {}): Promise<void> {
  const error = await load(dir, change).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'teacher.unavailable', message: expect.stringMatching(message) })
}

function expectClose(found: Float32Array | undefined, wanted: ArrayLike<number>): void {
  expect(found?.length).toBe(wanted.length)
  found?.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i] as number, 4)
  })
}
