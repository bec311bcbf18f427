// Methods for tests that ask for what `imitate` does not: terms of a sum, peers, teachers that are trained along, further
// data, a teacher's route, networks beside the student to hand out.
import { Type } from 'typebox'
import type { GradientUpdate, PlanMethod, Stage, TermMethod } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Scalar } from '../contracts/tf.ts'
import { tinyMlp } from './tiny-architectures.ts'

const closed = { additionalProperties: false }
const about = (name: string) => ({
  name,
  title: name,
  summary: `${name} for tests`,
  paper: null,
  tasks: ['classification'],
  parameters: Type.Object({}, closed),
})

/** Cross-entropy. */
const labels: TermMethod = {
  ...about('labels'),
  needs: { teachers: { min: 0, max: 2 }, labels: true },
  ownLabels: true,
  term: () => ({ loss: ({ ops, batch }, student) => ({ ce: ops.crossEntropy(student.logits, batch.labels) }) }),
}

/** Squared distance of a tap through an adapter, which is no part of the student; counts its steps. */
const match: TermMethod = {
  ...about('match'),
  parameters: Type.Object({ tap: Type.String({ default: 'penultimate' }) }, closed),
  needs: { teachers: { min: 1, max: 2 }, labels: false },
  ownLabels: false,
  term: ({ tf, params, teachers, build, state, shapeOf, student }) => {
    const { tap } = params as { tap: string }
    const [width = 1] = teachers[0]?.shapeOf('penultimate') ?? []
    const adapter = build('adapter', {
      inputShape: shapeOf(student, tap),
      layers: [{ name: 'dense', type: 'dense', inputs: ['input'], units: width, bias: true, init: 'he' }],
      output: 'dense',
      taps: { penultimate: 'dense', logits: 'dense' },
    })
    const seen = state('seen', tf.scalar(0))
    return {
      players: [{ role: 'adapter', variables: adapter.trainable }],
      loss: ({ train, teacher }, outputs) => ({
        match: tf.mean(
          tf.squaredDifference(train(adapter, outputs.tap(tap)).logits, teacher(0).tap('penultimate')),
        ) as Scalar,
      }),
      after: [
        {
          kind: 'state',
          name: 'count',
          changes: [seen],
          run: () => {
            seen.assign(tf.add(seen, 1))
            return { seen: seen.clone() as unknown as Scalar }
          },
        },
      ],
    }
  },
}

/** Every network learns the labels by an update of its own; the peers are handed out too. */
const side: PlanMethod = {
  ...about('side'),
  needs: { teachers: { min: 0, max: 0 }, peers: { min: 1, max: 2 }, labels: true },
  plan: ({ student, peers }) => {
    const networks = [student, ...peers.map(({ network }) => network)]
    return {
      deploy: student,
      also: Object.fromEntries(peers.map(({ network }, i) => [`peer-${i}`, network])),
      stages: [{ name: 'side', share: 1, players: networks.map(playerOf), updates: networks.map(learns) }],
    }
  },
}

/** Teacher and student learn together, the teacher from samples of another data set. */
const together: PlanMethod = {
  ...about('together'),
  needs: {
    teachers: { min: 1, max: 1 },
    trainableTeachers: true,
    labels: true,
    hardLabels: true,
    sources: ['extra'],
    batchSize: 4,
  },
  plan: ({ student, teachers }) => {
    const teacher = teachers[0]?.network as Network
    const taught: GradientUpdate = {
      ...learns(teacher),
      loss: ({ ops, stream, train }) => ({
        extra: ops.crossEntropy(train(teacher, stream('extra').x).logits, stream('extra').y),
      }),
    }
    const stage: Stage = {
      name: 'together',
      share: 1,
      players: [student, teacher].map(playerOf),
      updates: [taught, learns(student)],
      streams: { extra: { source: 'extra' } },
    }
    return { deploy: student, stages: [stage] }
  },
}

/** Follows the copies of a teacher on its way, one stage each, then its end. */
const route: PlanMethod = {
  ...about('route'),
  needs: { teachers: { min: 1, max: 1 }, labels: true },
  plan: ({ student, teachers }) => {
    const anchors = teachers.flatMap(({ snapshots, network }) => [...snapshots, ...(network === null ? [] : [network])])
    const stages = anchors.map(
      (anchor, i): Stage => ({
        name: `anchor-${i + 1}`,
        share: 1 / anchors.length,
        players: [playerOf(student)],
        updates: [
          {
            ...learns(student),
            loss: ({ ops, train, infer }) => ({
              kd: ops.distillation(train(student).logits, infer(anchor).logits, 2),
            }),
          },
        ],
      }),
    )
    return { deploy: student, stages }
  },
}

/** Trains the student, then a network of so many units as it has wrong samples, five at most. */
const find: PlanMethod = {
  ...about('find'),
  needs: { teachers: { min: 0, max: 0 }, labels: true },
  plan: ({ student, signature, build }) => {
    const stage = (network: Network, share: number): Stage => ({
      name: network.role,
      share,
      players: [playerOf(network)],
      updates: [learns(network)],
    })
    return {
      deploy: student,
      stages: [stage(student, 0.5)],
      next: {
        decide: async ({ logits }) => {
          const { logits: answers, labels: classes } = await logits(student, 'train')
          const wrong = [...classes].filter((label, i) => {
            const row = answers.subarray(i * signature.classes, (i + 1) * signature.classes)
            return row[label] !== Math.max(...row)
          })
          return { hidden: Math.min(wrong.length, 4) + 1 }
        },
        plan: (decision) => {
          const found = build('found', tinyMlp(signature, decision as { hidden: number }))
          return { deploy: found, stages: [stage(found, 0.5)] }
        },
      },
    }
  },
}

const playerOf = (network: Network) => ({ role: network.role, variables: network.trainable })

const learns = (network: Network): GradientUpdate => ({
  kind: 'gradient',
  name: network.role,
  trains: [network.role],
  loss: ({ ops, batch, train }) => ({ ce: ops.crossEntropy(train(network).logits, batch.labels) }),
})

export const tinyMethods = [labels, match, side, together, route, find]
