import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AugmentSpec } from '@stillhouse/spec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Network } from '../contracts/network.ts'
import type { BatchPlan, HostBatch } from '../data/batch-source.ts'
import type { SampleView } from '../data/data-views.ts'
import { openBatches } from '../data/open-batches.ts'
import { buildNetwork } from '../network/build-network.ts'
import { forward } from '../network/forward.ts'
import { randomKey } from '../random/random-key.ts'
import { randomStream } from '../random/random-stream.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyCnn, tinyMlp } from '../testing/tiny-architectures.ts'
import type { ForeignModel } from './foreign-model.ts'
import { networkDigest } from './network-digest.ts'
import { type OpenTeacherOutputs, openTeacherOutputs } from './open-teacher-outputs.ts'
import type { TeacherOutput } from './teacher-outputs.ts'

const signature = { inputShape: [6, 6, 1], classes: 3 }
const SAMPLES = 53

function samples(): SampleView {
  const random = randomStream(randomKey(3, 'samples'))
  const values = Float32Array.from({ length: (SAMPLES + 4) * 36 }, () => random.normal())
  const labels = Int32Array.from({ length: SAMPLES + 4 }, (_, i) => i % 3)
  // every sample but four of the split
  const indices = labels.map((_, i) => i).filter((i) => ![0, 7, 20, 56].includes(i))
  const normalise = { mean: [0.1], std: [1.5] }
  return { split: { size: labels.length, labels, values, scale: 1 }, indices, labels: labels.slice(4), normalise }
}

const view = samples()

const network = (seed = 1, role = 'teacher'): Network =>
  buildNetwork({ tf, role, architecture: tinyCnn(signature), seed, frozen: true })
const teacher = network()
const second = buildNetwork({ tf, role: 'teachers[1]', architecture: tinyMlp(signature), seed: 4, frozen: true })
const opened = (of: Network) => ({ digest: networkDigest(of), network: of, foreign: null })

interface Change extends Partial<Omit<OpenTeacherOutputs, 'plan' | 'batches'>> {
  readonly augment?: AugmentSpec
  readonly seed?: number
  readonly main?: Partial<BatchPlan['main']>
}

let dir: string
const notes: string[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'teacher-outputs-'))
  notes.length = 0
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Outputs over a folder of the test, and the batches that a training would have. */
function open({ augment, seed = 5, main, ...change }: Change = {}) {
  const plan: BatchPlan = {
    main: { view, inputShape: [6, 6, 1], classes: 3, augment, ...main },
    streams: {},
    batchSize: 8,
    seed,
  }
  const batches = openBatches(plan, { threads: 0 })
  const outputs = openTeacherOutputs({
    tf,
    teachers: [opened(teacher), opened(second)],
    plan,
    batches: openBatches(plan, { threads: 0 }),
    policy: 'auto',
    evaluateBatchSize: 20,
    compile: false,
    cacheDir: dir,
    cacheBytes: 2 ** 20,
    dataDigest: 'data',
    signal: new AbortController().signal,
    note: (message) => notes.push(message),
    ...change,
  })
  return { outputs, batches }
}

type Opened = ReturnType<typeof open>

/** @returns samples computed, null when it was ended */
async function prepare({ outputs }: Opened, wanted: readonly TeacherOutput[], epoch = 0): Promise<number | null> {
  const work = outputs.prepare(wanted, epoch)
  let computed = 0
  for (let last = 0; ; ) {
    const next = await work.next()
    if (next.done === true) return next.value ? computed : null
    computed += next.value.done > last ? next.value.done - last : next.value.done
    last = next.value.done
  }
}

async function rows({ outputs, batches }: Opened, wanted: readonly TeacherOutput[], step: number) {
  const batch = (await batches.at(step)).main
  const found = await outputs.rows(wanted, batch)
  return { batch, found: found.map((values) => values.slice()) }
}

/** What the teacher would give inside the step. */
function live(of: Network, batch: HostBatch, tap: string): Float32Array {
  return tf.tidy(() => {
    const outputs = forward({ tf, network: of, x: tf.tensor(batch.views[0] as Float32Array, [8, 6, 6, 1]) })
    return (tap === 'logits' ? outputs.logits : outputs.tap(tap)).dataSync() as Float32Array
  })
}

const LOGITS = { teacher: 0, tap: 'logits' }
const STAGE = { teacher: 0, tap: 'stage1' }
const OTHER = { teacher: 1, tap: 'logits' }
const tables = async () => (await readdir(dir)).filter((name) => name.endsWith('.rows')).sort()

describe('teacher outputs', () => {
  it('are those of the live teacher to the bit, logits and taps of several teachers', async () => {
    const cached = open()
    const wanted = [OTHER, STAGE, LOGITS]
    expect(wanted.map((output) => cached.outputs.feeds(output))).toEqual(['may', 'may', 'may'])
    expect(wanted.map((output) => cached.outputs.shapeOf(output))).toEqual([[3], [6, 6, 4], [3]])
    expect(await prepare(cached, wanted)).toBe(2 * SAMPLES)
    // the last epoch's samples look as those of the first
    for (const step of [0, 5, 13]) {
      const { batch, found } = await rows(cached, wanted, step)
      expect(found).toEqual([
        live(second, batch, 'logits'),
        live(teacher, batch, 'stage1'),
        live(teacher, batch, 'logits'),
      ])
    }
    expect(notes).toEqual([])
  })

  it('are those of the live teacher on augmented samples, in every epoch, also after a resume in its middle', async () => {
    const augment = { shift: 1, flip: true, noise: 0.3 }
    const cached = open({ augment, policy: 'on' })
    const wanted = [LOGITS, STAGE]
    for (const epoch of [0, 1]) {
      expect(await prepare(cached, wanted, epoch)).toBe(48)
      for (let step = 6 * epoch; step < 6 * epoch + 6; step++) {
        const { batch, found } = await rows(cached, wanted, step)
        expect(found).toEqual([live(teacher, batch, 'logits'), live(teacher, batch, 'stage1')])
      }
    }
    const before = await rows(cached, wanted, 9)
    await cached.outputs.close()
    const resumed = open({ augment, policy: 'on' })
    expect(await prepare(resumed, wanted, 1)).toBe(0)
    expect((await rows(resumed, wanted, 9)).found).toEqual(before.found)
    expect((await tables()).length).toBe(4)
  })

  it('traced, are the same after a resume, whichever other outputs were kept before', async () => {
    const compiled = { compile: true, evaluateBatchSize: 5 }
    const first = open(compiled)
    await prepare(first, [LOGITS])
    // computed together with others, an output is another table: tracing fuses what it runs
    expect(await prepare(first, [LOGITS, STAGE])).toBe(SAMPLES)
    expect((await tables()).length).toBe(3)
    const { batch, found } = await rows(first, [LOGITS, STAGE], 2)
    for (const [i, tap] of ['logits', 'stage1'].entries()) {
      const expected = live(teacher, batch, tap)
      found[i]?.forEach((value, k) => {
        expect(value).toBeCloseTo(expected[k] as number, 5)
      })
    }
    const resumed = open({ ...compiled, cacheDir: null })
    await prepare(resumed, [LOGITS, STAGE])
    expect((await rows(resumed, [LOGITS, STAGE], 2)).found).toEqual(found)
  })

  it('are fed when the policy, the augmentation and the room allow it', () => {
    const feeds = (change: Change) => open(change).outputs.feeds(STAGE)
    const augment = { flip: true }
    expect(feeds({ augment })).toBe('live')
    expect(feeds({ augment, policy: 'on' })).toBe('may')
    expect(feeds({ augment: { flip: false, shift: 0 } })).toBe('may')
    expect(feeds({ policy: 'off' })).toBe('live')
    expect(feeds({ augment: { mixup: 0.2 }, policy: 'on' })).toBe('live')
    expect(feeds({ cacheBytes: 0 })).toBe('may')
    expect(() => open().outputs.shapeOf({ teacher: 0, tap: 'nowhere' })).toThrow(/no tap "nowhere".*stage1/)
    expect(() => open().outputs.feeds({ teacher: 2, tap: 'logits' })).toThrow(/no teacher 2/)
  })

  it('are live where not even memory has room for them', () => {
    const large = { ...view, indices: new Int32Array(2 ** 20), split: { ...view.split, size: 2 ** 20 } }
    const { outputs } = open({ main: { view: large as SampleView }, cacheBytes: 2 ** 29 })
    expect(outputs.feeds(STAGE)).toBe('live')
    expect(outputs.feeds(LOGITS)).toBe('may')
  })

  it('are computed once for jobs that share a folder, labels and role aside', async () => {
    expect(await prepare(open(), [LOGITS])).toBe(SAMPLES)
    const same = { main: { view: { ...view, labels: view.labels.map(() => 0) } }, seed: 99 }
    expect(await prepare(open(same), [LOGITS])).toBe(0)
    expect(await prepare(open({ teachers: [opened(network(1, 'teacher'))] }), [LOGITS])).toBe(0)
  })

  it('are computed anew for another teacher, other data or another look of the samples', async () => {
    const augment = { noise: 0.1 }
    const changes: Change[] = [
      {},
      { teachers: [opened(network(2))] },
      { dataDigest: 'other' },
      { main: { view: { ...view, normalise: null } } },
      { main: { view: { ...view, indices: view.indices.subarray(1) } } },
      { evaluateBatchSize: 30 },
      { augment, policy: 'on' },
      { augment, policy: 'on', seed: 6 },
      { augment: { noise: 0.2 }, policy: 'on' },
      { augment, policy: 'on', main: { part: { index: 0, of: 2 } } },
    ]
    for (const change of changes) expect(await prepare(open(change), [LOGITS])).toBeGreaterThan(0)
    expect(await prepare(open({ augment, policy: 'on' }), [LOGITS], 1)).toBe(48)
    expect((await tables()).length).toBe(changes.length + 1)
    for (const change of changes) expect(await prepare(open(change), [LOGITS])).toBe(0)
  })

  it('of two that compute them at the same time, both are right and one table stays', async () => {
    const [a, b] = [open(), open()]
    await Promise.all([prepare(a, [LOGITS]), prepare(b, [LOGITS])])
    expect((await rows(a, [LOGITS], 1)).found).toEqual((await rows(b, [LOGITS], 1)).found)
    expect(await readdir(dir)).toEqual(await tables())
    expect((await tables()).length).toBe(1)
  })

  it('are computed anew when the file is damaged, which is said', async () => {
    const first = open()
    await prepare(first, [LOGITS])
    const [name] = await tables()
    const path = join(dir, name as string)
    const whole = await readFile(path)
    const flipped = Buffer.from(whole)
    flipped[4096 + 40] = (flipped[4096 + 40] ?? 0) ^ 1
    const damages = [
      () => writeFile(path, flipped),
      () => truncate(path, whole.length - 1),
      () => writeFile(path, Buffer.concat([Buffer.from('x'), whole.subarray(1)])),
      () => writeFile(path, ''),
    ]
    for (const [i, damage] of damages.entries()) {
      await damage()
      expect(await prepare(open(), [LOGITS])).toBe(SAMPLES)
      expect(notes[i]).toMatch(/damaged/)
      expect(await readFile(path)).toEqual(whole)
    }
  })

  it('leave nothing behind when they are ended', async () => {
    const stop = new AbortController()
    const ended = open({ signal: stop.signal })
    const work = ended.outputs.prepare([LOGITS, OTHER], 0)
    await work.next()
    stop.abort()
    expect(await work.next()).toEqual({ done: true, value: false })
    const left = open().outputs.prepare([LOGITS], 0)
    await left.next()
    await left.return(false)
    expect(await readdir(dir)).toEqual([])
  })

  it('stay within the bound, and those used longest ago go first', async () => {
    const table = 4096 + SAMPLES * 3 * 4
    const jobs = [1, 2, 3].map((seed) => ({ teachers: [opened(network(seed))], cacheBytes: 2 * table }))
    const [a, b, c] = jobs as unknown as [Change, Change, Change]
    await prepare(open(a), [LOGITS])
    await later()
    await prepare(open(b), [LOGITS])
    await later()
    expect(await prepare(open(a), [LOGITS])).toBe(0)
    await later()
    await prepare(open(c), [LOGITS])
    const sizes = await Promise.all((await tables()).map(async (name) => (await stat(join(dir, name))).size))
    expect(sizes).toEqual([table, table])
    expect(await prepare(open(a), [LOGITS])).toBe(0)
    expect(await prepare(open(b), [LOGITS])).toBe(SAMPLES)
  })

  it('are held in memory where there is no folder, or it cannot be written', async () => {
    const memory = open({ cacheDir: null })
    expect(await prepare(memory, [LOGITS])).toBe(SAMPLES)
    expect(await prepare(memory, [LOGITS], 1)).toBe(0)
    const file = join(dir, 'file')
    await writeFile(file, '')
    const blocked = open({ cacheDir: join(file, 'below') })
    expect(await prepare(blocked, [LOGITS])).toBe(SAMPLES)
    expect((await rows(blocked, [LOGITS], 3)).found).toEqual((await rows(memory, [LOGITS], 3)).found)
    expect(notes).toEqual([expect.stringMatching(/not kept on disk.*ENOTDIR/)])
  })

  it('serve a stage that shows the same samples alike, or a part of them, and no other', async () => {
    const augment = { noise: 0.1 }
    const main = { view, inputShape: [6, 6, 1], classes: 3, augment: undefined }
    const feeds = (opened: Opened, change: object) => opened.outputs.on({ ...main, ...change }).feeds(LOGITS)
    const plain = open()
    const part = { index: 0, of: 2 }
    expect([{}, { part }, { views: 2 }].map((change) => feeds(plain, change))).toEqual(['may', 'may', 'may'])
    expect([{ augment }, { view: { ...view } }].map((change) => feeds(plain, change))).toEqual(['live', 'live'])
    const noisy = open({ augment, policy: 'on' })
    expect([{ augment }, { augment, views: 2 }].map((change) => feeds(noisy, change))).toEqual(['may', 'may'])
    expect([{}, { augment, part }].map((change) => feeds(noisy, change))).toEqual(['live', 'live'])
    await prepare(plain, [LOGITS])
    const half = open({ main: { part } })
    const { batch } = await rows(half, [], 1)
    expect(await plain.outputs.rows([LOGITS], batch)).toEqual([live(teacher, batch, 'logits')])
  })

  it('leak no tensors', async () => {
    const before = tf.memory().numTensors
    const used = open({ compile: true, evaluateBatchSize: 5 })
    await prepare(used, [LOGITS, STAGE, OTHER])
    await rows(used, [LOGITS, STAGE, OTHER], 0)
    await used.outputs.close()
    expect(tf.memory().numTensors).toBe(before)
  })
})

/** File times have a grain. */
const later = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('outputs of a foreign teacher', () => {
  const foreign = (calls: number[] = []): ForeignModel => ({
    taps: ['logits'],
    shapeOf: () => [3],
    run: async (x, count) => {
      calls.push(count)
      const sums = Float32Array.from({ length: count * 3 }, (_, i) => {
        const sample = x.subarray(Math.floor(i / 3) * 36, Math.floor(i / 3) * 36 + 36)
        return sample.reduce((sum, value) => sum + value, i % 3)
      })
      return { logits: sums }
    },
    params: null,
    dispose: async () => undefined,
  })
  const job = (change: Change, calls?: number[]) =>
    open({ ...change, teachers: [{ digest: 'foreign', network: null, foreign: foreign(calls) }] })

  it('must be fed, and are kept where that is possible', async () => {
    const calls: number[] = []
    const cached = job({}, calls)
    expect(cached.outputs.feeds(LOGITS)).toBe('must')
    expect(await prepare(cached, [LOGITS])).toBe(SAMPLES)
    const { batch, found } = await rows(cached, [LOGITS], 1)
    expect(calls).toEqual([20, 20, 13])
    const expected = await foreign().run(batch.views[0] as Float32Array, 8, ['logits'])
    expect(found).toEqual([expected['logits']])
  })

  it('are computed for every batch of a stage that shows other samples', async () => {
    const calls: number[] = []
    const { outputs } = job({}, calls)
    const noisy = job({ augment: { noise: 0.5 } })
    const main = { view, inputShape: [6, 6, 1], classes: 3, augment: { noise: 0.5 } }
    await prepare({ ...noisy, outputs }, [LOGITS])
    const stage = outputs.on(main)
    expect(stage.feeds(LOGITS)).toBe('must')
    expect(await prepare({ ...noisy, outputs: stage }, [LOGITS])).toBe(0)
    const { batch, found } = await rows({ ...noisy, outputs }, [LOGITS], 1)
    const expected = await foreign().run(batch.views[0] as Float32Array, 8, ['logits'])
    expect(found).toEqual([expected['logits']])
    expect(calls.at(-1)).toBe(8)
  })

  it.each<[string, Change]>([
    ['the cache is off', { policy: 'off' }],
    ['samples are augmented', { augment: { noise: 0.5 } }],
    ['samples are mixed', { augment: { mixup: 1 }, policy: 'on' }],
  ])('are computed for every batch when %s', async (_, change) => {
    const calls: number[] = []
    const uncached = job(change, calls)
    expect(uncached.outputs.feeds(LOGITS)).toBe('must')
    expect(await prepare(uncached, [LOGITS])).toBe(0)
    const { batch, found } = await rows(uncached, [LOGITS], 1)
    const expected = await foreign().run(batch.views[0] as Float32Array, 8, ['logits'])
    expect(found).toEqual([expected['logits']])
    expect(calls).toEqual([8])
    expect(await tables()).toEqual([])
  })
})
