// The heart of the package: a run that was stopped or killed anywhere and taken up again ends with the same bytes and has
// said the same things as one that was left alone.
import type { OptimizerSpec, TrainSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../contracts/method.ts'
import { buildNetwork } from '../network/build-network.ts'
import { blobs } from '../testing/blobs.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyCnn, tinyMlp } from '../testing/tiny-architectures.ts'
import { type Fixture, type Outcome, type TrainOnce, trainOnce, trainSpec } from '../testing/training-fixture.ts'

const signature = blobs().signature

/** Two stages, two players, a teacher, an averaged copy and a counter: every kind of state there is. */
function rich(optimizer?: OptimizerSpec): Fixture {
  const network = (role: string, architecture = tinyCnn(signature)) => buildNetwork({ tf, role, architecture, seed: 4 })
  const [student, peer, average] = [
    network('student'),
    network('peer', tinyMlp(signature, { dropout: 0.3 })),
    network('average'),
  ]
  const teacher = buildNetwork({ tf, role: 'teacher', architecture: tinyMlp(signature), seed: 9, frozen: true })
  const seen = tf.variable(tf.zeros([4], 'int32'), false)
  const own = optimizer === undefined ? {} : { optimizer }
  const plan: Plan = {
    deploy: student,
    stages: [
      {
        name: 'hint',
        share: 0.4,
        players: [{ role: 'student', variables: student.trainable, ...own }],
        updates: [
          {
            kind: 'gradient',
            name: 'imitate',
            trains: ['student'],
            loss: ({ ops, batch, train, teacher: teacherOf }) => {
              const { logits } = train(student)
              return { ce: ops.crossEntropy(logits, batch.y), kd: ops.distillation(logits, teacherOf(0).logits, 4) }
            },
          },
        ],
      },
      {
        name: 'mutual',
        share: 0.6,
        players: [
          { role: 'student', variables: student.trainable, ...own },
          {
            role: 'peer',
            variables: peer.trainable,
            optimizer: { name: 'rmsprop', learningRate: 0.003, momentum: 0.5 },
          },
        ],
        updates: [
          {
            kind: 'gradient',
            name: 'both',
            trains: ['student', 'peer'],
            loss: ({ ops, batch, train }) => {
              const [a, b] = [train(student).logits, train(peer).logits]
              return { a: ops.crossEntropy(a, batch.y), b: ops.crossEntropy(b, batch.y), ab: ops.distillation(a, b, 1) }
            },
          },
          {
            kind: 'state',
            name: 'average',
            changes: average.variables,
            run: () => {
              average.variables.forEach((variable, i) => {
                const current = student.variables[i] as typeof variable
                variable.assign(tf.add(tf.mul(variable, 0.9), tf.mul(current, 0.1)))
              })
            },
          },
          {
            kind: 'state',
            name: 'remember',
            changes: [seen],
            run: ({ batch }) => {
              seen.assign(tf.concat([tf.slice(batch.index, 0, 2), tf.slice(seen, 0, 2)]))
            },
          },
        ],
        evaluate: [average],
      },
    ],
  }
  return { plan, networks: [student, peer, average], states: new Map([['seen', seen]]), teachers: [teacher] }
}

const OPTIMIZERS: OptimizerSpec[] = [
  { name: 'sgd', learningRate: 0.05 },
  { name: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
  { name: 'adam', learningRate: 0.01, clipNorm: 0.5 },
  { name: 'adamw', learningRate: 0.01, weightDecay: 0.05 },
  { name: 'rmsprop', learningRate: 0.003, momentum: 0.9 },
]

const augment: TrainSpec['augment'] = { shift: 1, flip: true, cutout: 2, noise: 0.1 }
const STEPS = 25

/** Runs with `stopAt` = number of training batches after which the run is stopped; null: left alone. */
async function upTo(stopAt: number | null, options: Omit<TrainOnce, 'data'>): Promise<Outcome> {
  const stop = new AbortController()
  let batches = 0
  const onBatch = () => {
    batches += 1
    if (batches === stopAt) stop.abort()
  }
  return await trainOnce({ ...options, data: blobs(), onBatch, signal: stop.signal })
}

const spec = (change: Partial<TrainSpec>) =>
  trainSpec({ steps: STEPS, schedule: { name: 'cosine', warmupEpochs: 1 }, ...change })

/** Another step in every run of the suite, printed when a test fails. */
function randomStep(limit: number): number {
  return 1 + Math.floor(Math.random() * (limit - 1))
}

describe('resume', () => {
  for (const compile of [true, false]) {
    for (const optimizer of OPTIMIZERS) {
      const title = `${optimizer.name}${optimizer.nesterov ? ' with Nesterov momentum' : ''}, ${compile ? 'compiled' : 'eager'}`
      it(`stopped at random steps gives the undisturbed run's bytes and series: ${title}`, async () => {
        const options = { make: () => rich(optimizer), logPoints: 4, spec: spec({ augment, compile, optimizer }) }
        const whole = await upTo(null, options)
        for (const k of [randomStep(STEPS)]) {
          const first = await upTo(k, options)
          const second = await upTo(null, { ...options, resume: first.checkpoints.at(-1) ?? null })
          expect(second.weights, `stopped after step ${k}`).toEqual(whole.weights)
          expect([...first.series, ...second.series], `stopped after step ${k}`).toEqual(whole.series)
        }
      })
    }
  }

  it('a run stopped again and again, after every few steps, still ends the same', async () => {
    const options = { make: () => rich(), spec: spec({ augment, optimizer: { name: 'adam', learningRate: 0.01 } }) }
    const whole = await upTo(null, options)
    let last: Outcome | null = null
    const series: string[] = []
    do {
      last = await upTo(4, { ...options, resume: last?.checkpoints.at(-1) ?? null })
      series.push(...last.series)
    } while (last.state?.stage !== 2)
    expect(last.weights).toEqual(whole.weights)
    expect(series).toEqual(whole.series)
  })

  it('a killed run repeats exactly the points that it had given out since its last checkpoint', async () => {
    // A clock that moves one second whenever it is asked makes checkpoints frequent without waiting.
    let clock = 0
    const now = () => (clock += 1000)
    const options = {
      make: () => rich(),
      spec: spec({ checkpointSeconds: 3, optimizer: { name: 'adam', learningRate: 0.01 } }),
      data: blobs(),
    }
    const whole = await trainOnce(options)
    for (const stage of ['hint', 'mutual']) {
      const killAfter = (event: Outcome['events'][number]) =>
        event.type === 'metrics' && event.points[0]?.stage === stage && event.points[0].step > 6
      const killed = await trainOnce({ ...options, now, killAfter })
      const saved = killed.checkpoints.at(-1) ?? null
      const second = await trainOnce({ ...options, now, resume: saved })
      expect(saved?.state.step).toBeGreaterThan(0)
      expect(second.weights).toEqual(whole.weights)
      const kept = killed.series.filter((point) => Number(point.split(' ')[0]) <= (saved?.state.metricSeq ?? 0))
      expect(kept.length).toBeLessThan(killed.series.length)
      expect([...kept, ...second.series]).toEqual(whole.series)
      expect(second.series.slice(0, killed.series.length - kept.length)).toEqual(killed.series.slice(kept.length))
    }
  })

  it('a stop during an evaluation repeats that evaluation and nothing else', async () => {
    const options = {
      make: () => rich(),
      data: blobs(),
      spec: spec({ optimizer: { name: 'sgd', learningRate: 0.05 } }),
    }
    const whole = await trainOnce(options)
    const first = await trainOnce({
      ...options,
      stopAfter: (event) => event.type === 'busy' && event.stage === 'mutual',
    })
    const second = await trainOnce({ ...options, resume: first.checkpoints.at(-1) ?? null })
    expect(first.state?.stage).toBe(1)
    expect(first.events.filter((event) => event.type === 'eval' && event.stage === 'mutual')).toEqual([])
    expect([...first.series, ...second.series]).toEqual(whole.series)
    expect(second.weights).toEqual(whole.weights)
  })

  it('a stop right after an evaluation does not repeat it', async () => {
    const options = {
      make: () => rich(),
      data: blobs(),
      spec: spec({ optimizer: { name: 'sgd', learningRate: 0.05 } }),
    }
    const whole = await trainOnce(options)
    const first = await trainOnce({ ...options, stopAfter: (event) => event.type === 'eval' })
    const second = await trainOnce({ ...options, resume: first.checkpoints.at(-1) ?? null })
    expect(first.events.filter((event) => event.type === 'eval').length).toBe(1)
    expect([...first.series, ...second.series]).toEqual(whole.series)
  })

  it('does not leak tensors from step to step or from run to run', async () => {
    const options = {
      make: () => rich(),
      data: blobs(),
      spec: spec({ augment, optimizer: { name: 'adam', learningRate: 0.01 } }),
      everyEpochs: 0,
    }
    const counts: number[] = []
    const count = async (change: Partial<TrainSpec>) => {
      await trainOnce({
        ...options,
        spec: { ...options.spec, ...change },
        killAfter: () => {
          counts.push(tf.memory().numTensors)
          return false
        },
      })
    }
    await count({ steps: 60, checkpointSeconds: 3600 })
    expect(new Set(counts.slice(2, 12)).size).toBe(1)
  })
})
