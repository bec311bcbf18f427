import { describe, expect, it } from 'vitest'
import { dataViews } from '../data/data-views.ts'
import { buildNetwork } from '../network/build-network.ts'
import { blobs } from '../testing/blobs.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyMlp } from '../testing/tiny-architectures.ts'
import { agreement, classificationScores } from './classification-scores.ts'
import { evaluateNetwork } from './evaluate-network.ts'
import { type Latency, measureLatency } from './measure-latency.ts'

describe('classificationScores', () => {
  it('are those computed by hand', () => {
    const logits = Float32Array.from([
      Math.log(0.5),
      Math.log(0.25),
      Math.log(0.25),
      0,
      Math.log(8),
      0,
      5,
      5,
      5,
      -1,
      -1,
      2000,
    ])
    const scores = classificationScores(logits, Int32Array.of(0, 0, 1, 2), 3)
    expect([...scores.predictions]).toEqual([0, 1, 0, 2])
    expect(scores.accuracy).toBe(0.5)
    expect(scores.nll).toBeCloseTo((Math.log(2) + Math.log(10) + Math.log(3) + 0) / 4, 5)
    expect(scores.confusion).toEqual([
      [1, 1, 0],
      [1, 0, 0],
      [0, 0, 1],
    ])
    expect(scores.ece).toBeCloseTo((0.5 + 0.8 + 1 / 3 + 0) / 4, 5)
  })

  it('calibration error weighs confidence against accuracy within a bin', () => {
    const logits = Float32Array.from(Array.from({ length: 10 }, () => [Math.log(0.7), Math.log(0.3)]).flat())
    const labels = Int32Array.from({ length: 10 }, (_, i) => (i < 6 ? 0 : 1))
    expect(classificationScores(logits, labels, 2).ece).toBeCloseTo(0.1, 5)
  })

  it('the five largest logits count for top 5, and all of five or fewer', () => {
    const logits = Float32Array.from([7, 6, 5, 4, 3, 2, 1, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 1])
    expect(classificationScores(logits, Int32Array.of(4, 1, 0), 7).top5).toBeCloseTo(2 / 3, 12)
    expect(classificationScores(Float32Array.of(1, 2, 3), Int32Array.of(0), 3).top5).toBe(1)
  })

  it('agreement counts equal predictions', () => {
    expect(agreement(Int32Array.of(1, 2, 3, 4), Int32Array.of(1, 0, 3, 4))).toBe(0.75)
  })
})

describe('evaluateNetwork', () => {
  const data = blobs({ test: 23 })
  const network = buildNetwork({ tf, role: 'student', architecture: tinyMlp(data.signature), seed: 1 })
  const request = {
    tf,
    network,
    view: dataViews(data, { name: 'blobs', balanced: true, seed: 0 }).test,
    signature: data.signature,
    compile: true,
    signal: new AbortController().signal,
  }
  const run = async (batchSize: number, signal = request.signal, of = network) => {
    const work = evaluateNetwork({ ...request, network: of, batchSize, signal })
    const progress: number[] = []
    for (;;) {
      const next = await work.next()
      if (next.done === true) return { scores: next.value, progress }
      progress.push(next.value.done)
    }
  }

  it('sees every sample once, the remainder too, and tells how far it is', async () => {
    const [whole, parts] = [await run(23), await run(5)]
    expect(parts.progress).toEqual([5, 10, 15, 20, 23])
    expect(parts.scores?.confusion.flat().reduce((sum, count) => sum + count)).toBe(23)
    expect(parts.scores?.nll).toBeCloseTo(whole.scores?.nll as number, 5)
    expect(parts.scores?.predictions).toEqual(whole.scores?.predictions)
  })

  it('traces a frozen network when there is enough to do, with the same answers', async () => {
    const frozen = { ...network, frozen: true, trainable: [] }
    const [eager, traced] = [await run(2), await run(2, request.signal, frozen)]
    expect(traced.progress).toEqual(eager.progress)
    expect(traced.scores?.nll).toBeCloseTo(eager.scores?.nll as number, 5)
    expect(traced.scores?.predictions).toEqual(eager.scores?.predictions)
  })

  it('ends within a batch when told to, without a result', async () => {
    const stop = new AbortController()
    stop.abort()
    expect(await run(5, stop.signal)).toEqual({ scores: null, progress: [] })
  })

  it('latency is measured over as many runs as asked for, without leaking', async () => {
    const before = tf.memory().numTensors
    const { signal } = request
    let calls = 0
    const once = () => {
      calls += 1
      tf.tidy(() => void tf.ones([30, 30]).dataSync())
    }
    const latency = await measureLatency({ once, runs: 20, signal })
    expect(calls).toBe(30)
    const { p50Ms, p95Ms } = latency as Latency
    expect(p50Ms).toBeGreaterThan(0)
    expect(p95Ms).toBeGreaterThanOrEqual(p50Ms)
    expect(tf.memory().numTensors).toBe(before)
  })
})
