import type { Scalar, Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { classProbabilities, hsakd, jointLabels, jointLoss, matchLosses, unturned } from './hsakd.ts'
import { quarterTurns } from './shared/quarter-turns.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn, tinyImages, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two rows; the numbers expected of them come from checks/hsakd.py
const JOINT = [1, -0.5, 0.25, 2, 0, 1.5, -1, 0.5]
const TEACHER_JOINT = [0.5, 0, 1, -1, 1, 2, -0.5, 0]
const LOGITS = [2, -1, 0.5, 1]
const TEACHER_LOGITS = [1, 0.5, -1, 2]
const maths = { tf, ops }
const rows = (values: readonly number[]) => tf.tensor2d([...values], [2, values.length / 2])
const sum = (parts: Readonly<Record<string, Scalar>>) => tf.addN(Object.values(parts)).asScalar()
const answers = (logits: readonly number[], joint: readonly number[]) => ({
  logits: rows(logits),
  joint: [rows(joint)],
})

describe('the turned rows of hsakd', () => {
  it('are those of checks/hsakd.py, one sample after the other', () => {
    const images = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2, 1])
    const turned = quarterTurns(tf, images, 4)
    const first = [1, 2, 3, 4, 2, 4, 1, 3, 4, 3, 2, 1, 3, 1, 4, 2]
    expect(Array.from(turned.dataSync())).toEqual([...first, ...first.map((value) => value + 4)])
    expect(Array.from(unturned(turned, 4).dataSync())).toEqual(Array.from(images.dataSync()))
  })

  it('come back to the image after four turns', () => {
    const image = tf.randomUniform([3, 5, 5, 2], 0, 1, 'float32', 7)
    const once = (x: Tensor) =>
      quarterTurns(tf, x, 2).reshape([3, 2, 5, 5, 2]).slice([0, 1], [3, 1]).reshape([3, 5, 5, 2])
    expect(Array.from(once(once(once(once(image)))).dataSync())).toEqual(Array.from(image.dataSync()))
  })

  it('have a label for class and turn together, class by class', () => {
    const labels = jointLabels(maths, tf.tensor1d([2, 0], 'int32'), 4)
    expect(labels.dtype).toBe('int32')
    expect(Array.from(labels.dataSync())).toEqual([8, 9, 10, 11, 0, 1, 2, 3])
  })

  it('have class probabilities, which are those of checks/hsakd.py and sum to 1', () => {
    const found = Array.from(classProbabilities(maths, rows(JOINT), 2).dataSync())
    expectNear(found, [0.2771163, 0.7228837, 0.7310586, 0.2689414], 5)
  })
})

describe('the losses of hsakd', () => {
  it('with joint labels have the value and gradient of checks/hsakd.py', () => {
    const labels = tf.tensor1d([2, 3], 'int32')
    const { value, gradient } = valueAndGradient((q) => jointLoss(maths, { logits: [q], labels }), rows(JOINT))
    expect(value).toBeCloseTo(1.8747031, 5)
    expectNear(gradient, [0.1132816, 0.0252765, -0.4464895, 0.3079314, 0.0666819, 0.2988474, 0.0245309, -0.3900602], 5)
  })

  const given = { teacher: answers(TEACHER_LOGITS, TEACHER_JOINT), temperature: 3, jointWeight: 1, weight: 1 }

  it('between joint answers have the value and gradient of checks/hsakd.py', () => {
    const loss = (q: Tensor) =>
      matchLosses(maths, { logits: rows(LOGITS), joint: [q] }, { ...given, weight: 0 })['heads'] as Scalar
    const { value, gradient } = valueAndGradient(loss, rows(JOINT))
    expect(value).toBeCloseTo(0.578154, 5)
    expectNear(
      gradient,
      [-0.0159996, -0.1087383, -0.1786073, 0.3033453, -0.0734536, -0.0190082, -0.0082609, 0.1007227],
      5,
    )
  })

  it('between class answers have the value and gradient of checks/hsakd.py', () => {
    const loss = (z: Tensor) => matchLosses(maths, { logits: z, joint: [] }, given)['logits'] as Scalar
    const { value, gradient } = valueAndGradient(loss, rows(LOGITS))
    expect(value).toBeCloseTo(0.7105804, 5)
    expectNear(gradient, [0.2842321, -0.2842321, 0.2842321, -0.2842321], 5)
  })

  it('are as good as zero where the student answers as the teacher does', () => {
    const parts = matchLosses(maths, answers(TEACHER_LOGITS, TEACHER_JOINT), given)
    expect(Object.keys(parts)).toEqual(['heads', 'logits'])
    for (const part of Object.values(parts)) expect(Math.abs(part.dataSync()[0] ?? 1)).toBeLessThan(1e-6)
  })

  it('have no gradient in the teacher', () => {
    const loss = (q: Tensor) =>
      sum(
        matchLosses(maths, answers(LOGITS, JOINT), { ...given, teacher: { logits: rows(TEACHER_LOGITS), joint: [q] } }),
      )
        .add(q.sum().mul(0))
        .asScalar()
    expect(valueAndGradient(loss, rows(TEACHER_JOINT)).gradient.every((slope) => slope === 0)).toBe(true)
  })
})

const PARAMS = { taps: [], rotations: 4, temperature: 3, jointWeight: 1, weight: 1, headShare: 0.5 }
const TRAINING = { tf, method: hsakd, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('a training with hsakd', () => {
  const changed = ({ values }: Awaited<ReturnType<typeof trainMethod>>, from: number) =>
    new Set(
      Object.keys(values[0] ?? {}).flatMap((name) =>
        values[from]?.[name] === values[from + 1]?.[name] ? [] : [name.split('/')[0]],
      ),
    )

  it("trains the teacher's heads first, then the student with its own; the teacher stays", async () => {
    const trained = await trainMethod(TRAINING)
    expect(trained.stages).toEqual(['teacher-heads', 'student'])
    expect([...changed(trained, 0)]).toEqual(['head:teachers[0]:stage1', 'head:teachers[0]:stage2'])
    expect([...changed(trained, 1)].sort()).toEqual(['head:student:stage1', 'head:student:stage2', 'student'])
    expect(trained.teacherValues[1]).toBe(trained.teacherValues[0])
    expect(Object.keys(trained.losses)).toEqual(['joint', 'ce', 'teacher.heads', 'teacher.logits'])
    // joint labels are for the heads of the teacher alone: three steps of the six
    expect([trained.losses['joint']?.length, trained.losses['ce']?.length]).toEqual([3, 3])
  })

  it('gives a student without a teacher the joint labels, and no answers to match', async () => {
    const alone = await trainMethod({ ...TRAINING, teachers: [] })
    expect(Object.keys(alone.losses)).toEqual(['ce', 'joint'])
    expect(alone.plan.stages.map(({ name }) => name)).toEqual(['student'])
  })

  it('with a peer has both learn joint labels and the answers of the other', async () => {
    const online = await trainMethod({ ...TRAINING, teachers: [], peers: [tinyCnn(3)] })
    const parts = ['ce', 'joint', 'peer.heads', 'peer.logits']
    expect(Object.keys(online.losses)).toEqual(
      ['student', 'peer0'].flatMap((who) => parts.map((part) => `${who}.${part}`)),
    )
    expect(online.plan.stages[0]?.evaluate?.map(({ role }) => role)).toEqual(['student', 'peers[0]'])
  })

  it('without turns and heads is cross-entropy and plain distillation', async () => {
    const params = { ...PARAMS, rotations: 1, jointWeight: 0 }
    const plain = await trainMethod({ ...TRAINING, params, spec: { steps: 1 } })
    expect(plain.stages).toEqual(['student'])
    const found: number[] = []
    await trainMethod({
      ...TRAINING,
      params,
      spec: { steps: 1 },
      change: (plan, { student }) => ({
        ...plan,
        stages: plan.stages.map((stage) => ({
          ...stage,
          updates: [
            {
              ...{ kind: 'gradient', name: 'student', trains: ['student'] },
              loss: (step) => {
                const { logits } = step.train(student)
                const parts = {
                  ce: step.ops.crossEntropy(logits, step.batch.labels),
                  kd: step.ops.distillation(logits, step.teacher(0).logits, 3),
                }
                found.push(...Object.values(parts).map((part) => part.dataSync()[0] ?? Number.NaN))
                return parts
              },
            } as const,
          ],
        })),
      }),
    })
    expect([plain.losses['ce']?.[0], plain.losses['teacher.logits']?.[0]]).toEqual(found.slice(-2))
  })
})

describe('the check of hsakd', () => {
  const { signature } = tinyImages()
  const job = { signature, student: tinyCnn(), teachers: [tinyCnn(3)], peers: [], batchSize: 8, sources: {} }

  it('takes square images, and any samples where nothing is turned', () => {
    expect(hsakd.check?.(PARAMS, job)).toEqual([])
    for (const inputShape of [[4, 6, 1], [16]]) {
      const wide = { ...job, signature: { ...signature, inputShape } }
      expect(hsakd.check?.(PARAMS, wide)).toEqual([
        expect.objectContaining({ path: '/rotations', received: `[${inputShape.join(', ')}]` }),
      ])
      expect(hsakd.check?.({ ...PARAMS, rotations: 1 }, wide)).toEqual([])
    }
  })

  it('refuses networks with unequal numbers of stages, and taps that are not there', () => {
    expect(hsakd.check?.(PARAMS, { ...job, teachers: [tinyMlp()] })).toEqual([
      expect.objectContaining({ path: '/taps', expected: '2 taps', received: '1' }),
    ])
    expect(hsakd.check?.({ ...PARAMS, taps: ['stage2'] }, { ...job, peers: [tinyMlp()] })).toEqual([
      expect.objectContaining({ path: '/taps/0', received: 'stage2' }),
    ])
  })
})
