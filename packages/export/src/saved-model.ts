// A TensorFlow SavedModel: what TensorFlow Serving, Python, Java, Go and C++ open, and converters to other runtimes start
// from. The graph is the frozen forward pass, so it needs nothing but TensorFlow's own ops.
import type { Exporter, LayersModel, Tensor, Tf } from '@stillhouse/engine'
import { writeSavedModel } from '@stillhouse/graph'
import { quantise } from './shared/weights/quantise.ts'
import { quantisedType, WeightsParameter } from './shared/weights/weights-parameter.ts'

/** Names in the signature `serving_default`. */
const INPUT = 'input'
const OUTPUT = 'logits'

interface LoadedSavedModel {
  predict(inputs: Record<string, Tensor>): Record<string, Tensor>
  dispose(): void
}

/**
 * saved_model.pb with the signature `serving_default`: `input` [any, …inputShape] → `logits` [any, classes].
 * Quantised kernels are constants of their type with the ops that make float32 of them, which TensorFlow runs once, when
 * it loads the model; they are quantised before batch norm is folded into them, as folding gives each channel a range of
 * its own.
 */
export const savedModel: Exporter = {
  name: 'saved-model',
  title: 'TensorFlow SavedModel',
  summary:
    'saved_model.pb, a frozen graph with a serving signature; opens in any TensorFlow, and in TensorFlow Serving.',
  paper: null,
  tasks: ['classification'],
  parameters: WeightsParameter,
  quantised: quantisedType,
  async write({ tf, model, dir, params }) {
    const dtype = quantisedType(params)
    const example = tf.zeros([1, ...sampleShape(model)])
    try {
      writeSavedModel({
        tf,
        dir,
        inputs: { [INPUT]: example },
        predict: (inputs) => ({ [OUTPUT]: model.apply(inputs[INPUT] as Tensor, { training: false }) as Tensor }),
        ...(dtype && { store: (constant) => quantise(constant, dtype) }),
      })
    } finally {
      example.dispose()
    }
  },
  async load({ tf, dir }) {
    const loaded = await loadNatively(tf, dir)
    return {
      predict: (x) => tf.tidy(() => loaded.predict({ [INPUT]: x })[OUTPUT] as Tensor),
      dispose: () => loaded.dispose(),
    }
  },
}

function sampleShape({ inputs }: LayersModel): number[] {
  const [, ...shape] = inputs[0]?.shape ?? []
  return shape.map(Number)
}

function loadNatively(tf: Tf, dir: string): Promise<LoadedSavedModel> {
  const { node } = tf as unknown as { node?: { loadSavedModel(dir: string): Promise<LoadedSavedModel> } }
  if (node !== undefined) return node.loadSavedModel(dir)
  throw new Error(
    `A SavedModel runs on native TensorFlow only. Expected the namespace of @tensorflow/tfjs-node-gpu; received tfjs on the backend ${tf.getBackend()}.`,
  )
}
