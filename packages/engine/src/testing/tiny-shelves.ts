// Shelves for tests: one entry each, as small as a job can use.
import { type JobSpec, parseJobSpec } from '@stillhouse/spec'
import { Type } from 'typebox'
import type { DataFormat } from '../contracts/data-format.ts'
import type { Exporter } from '../contracts/exporter.ts'
import type { Method } from '../contracts/method.ts'
import type { ModelFamily } from '../contracts/model-family.ts'
import type { Shelves } from '../contracts/shelves.ts'
import type { Tensor } from '../contracts/tf.ts'
import { loadLayersModel, saveLayersModel } from '../network/layers-model-files.ts'
import { type Blobs, blobs } from './blobs.ts'
import { tinyCnn, tinyMlp } from './tiny-architectures.ts'
import { tinyMethods } from './tiny-methods.ts'

const closed = { additionalProperties: false }
const about = (name: string) => ({
  name,
  title: name,
  summary: `${name} for tests`,
  paper: null,
  tasks: ['classification'],
})

function blobsFormat(options: Blobs = {}): DataFormat {
  const parameters = Type.Object({ flat: Type.Boolean({ default: false }) }, closed)
  const shape = (params: unknown) => ((params as { flat: boolean }).flat ? [36] : [6, 6, 1])
  return {
    ...about('blobs'),
    parameters,
    signature: (params) => ({ inputShape: shape(params), classes: 3 }),
    open: async (params) => blobs({ ...options, inputShape: shape(params) }),
  }
}

const mlp: ModelFamily = {
  ...about('mlp'),
  parameters: Type.Object(
    {
      hidden: Type.Integer({ minimum: 1, default: 8 }),
      dropout: Type.Number({ minimum: 0, maximum: 0.9, default: 0 }),
    },
    closed,
  ),
  check: () => [],
  architecture: (params, signature) => tinyMlp(signature, params as { hidden: number; dropout: number }),
}

const cnn: ModelFamily = {
  ...about('cnn'),
  parameters: Type.Object(
    { width: Type.Integer({ minimum: 1, default: 4 }), classes: Type.Optional(Type.Integer()) },
    closed,
  ),
  check: (params) =>
    (params as { width: number }).width === 13
      ? [{ path: '/width', message: 'unlucky', expected: 'not 13', received: '13' }]
      : [],
  architecture: (params, signature) => {
    const { width, classes } = params as { width: number; classes?: number }
    return tinyCnn({ ...signature, ...(classes === undefined ? {} : { classes }) }, { width })
  },
}

const imitate: Method = {
  ...about('imitate'),
  parameters: Type.Object(
    { temperature: Type.Number({ exclusiveMinimum: 0, default: 2 }), tap: Type.Optional(Type.String()) },
    closed,
  ),
  needs: { teachers: { min: 1, max: 2 }, labels: true },
  check: (params, { student }) => {
    const { tap } = params as { tap?: string }
    if (tap === undefined || tap in student.taps) return []
    return [
      { path: '/tap', message: 'there is no such tap', expected: Object.keys(student.taps).join(', '), received: tap },
    ]
  },
  plan: ({ params, student, teachers, state, tf }) => {
    const { temperature } = params as { temperature: number }
    const steps = state('steps', tf.scalar(0))
    const player = { role: 'student', variables: student.trainable }
    return {
      deploy: student,
      stages: [
        {
          name: 'warm',
          share: 0.25,
          players: [player],
          updates: [
            {
              kind: 'gradient',
              name: 'labels',
              trains: ['student'],
              loss: ({ ops, batch, train }) => ({ ce: ops.crossEntropy(train(student).logits, batch.y) }),
            },
          ],
        },
        {
          name: 'imitate',
          share: 0.75,
          players: [player],
          updates: [
            {
              kind: 'gradient',
              name: 'teachers',
              trains: ['student'],
              loss: ({ ops, train, teacher }) =>
                Object.fromEntries(
                  teachers.map(({ share }, i) => [
                    `kd${i}`,
                    tf.mul(ops.distillation(train(student).logits, teacher(i).logits, temperature), share),
                  ]),
                ) as never,
            },
            { kind: 'state', name: 'count', changes: [steps], run: () => steps.assign(tf.add(steps, 1)) },
          ],
        },
      ],
    }
  },
}

const files: Exporter = {
  ...about('files'),
  parameters: Type.Object({}, closed),
  write: ({ tf, model, dir }) => saveLayersModel({ tf, dir }, model),
  load: async ({ tf, dir }) => {
    const model = await loadLayersModel({ tf, dir }, dir)
    return { predict: (x) => model.predict(x) as Tensor, dispose: () => void model.dispose() }
  },
}

export function tinyShelves(options: Blobs = {}): Shelves {
  return { methods: [imitate, ...tinyMethods], models: [mlp, cnn], data: [blobsFormat(options)], exports: [files] }
}

const teacher = {
  model: 'mlp',
  params: { hidden: 16 },
  train: { epochs: 4, batchSize: 20, optimizer: { learningRate: 0.02 }, seed: 3, compile: false },
}

/** A canonical spec for these shelves, eager since tracing every little step anew costs more than it saves here. */
export function tinyJob(change: Record<string, unknown> = {}): JobSpec {
  const parsed = parseJobSpec({
    name: 'tiny',
    data: { name: 'blobs' },
    student: { model: 'mlp', params: { dropout: 0.1 } },
    ...('methods' in change || 'stages' in change ? {} : { method: { name: 'imitate' } }),
    train: {
      epochs: 3,
      batchSize: 20,
      optimizer: { learningRate: 0.03 },
      augment: { noise: 0.05 },
      seed: 5,
      checkpointSeconds: 3600,
      compile: false,
    },
    evaluate: { baseline: true, latencyRuns: 5 },
    export: [{ format: 'files' }],
    ...('teachers' in change ? {} : { teacher }),
    ...change,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.spec
}
