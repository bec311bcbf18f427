// A tfjs GraphModel: a converted TensorFlow graph that TensorFlow.js runs op by op. Every op's output can be a tap.
import type { GraphModel, Tensor } from '@tensorflow/tfjs'
import type { Tf } from '../../contracts/tf.ts'
import { readArtifacts } from '../../network/layers-model-files.ts'
import type { ForeignRunner } from './foreign-runner.ts'
import { namedValues } from './named-values.ts'
import { teacherUnavailable } from './teacher-unavailable.ts'

/** Ops without a value that depends on the sample. */
const FIXED = new Set(['Const', 'Placeholder', 'NoOp'])

/** @param dir with `model.json` and the files it names @throws TrainingError `teacher.unavailable` */
export async function openGraphModel(tf: Tf, dir: string, source: string): Promise<ForeignRunner> {
  const { model, inner } = await load(tf, dir, source)
  const outputs = model.outputs.map(({ name }) => nodeName(name))
  const [input] = model.inputs
  return {
    inputs: model.inputs.map(({ name, shape, dtype }) => ({ name, shape: shapeOf(shape), dtype })),
    outputs,
    inner: inner.filter((name) => !outputs.includes(name)),
    channels: 'last',
    params: Object.values(model.weights)
      .flat()
      .reduce((sum, { size }) => sum + size, 0),
    run: async (x, shape, names) => {
      const feed = tf.tensor(x, [...shape], 'float32')
      const tensors: Tensor[] = []
      try {
        tensors.push(...[model.execute({ [input?.name ?? '']: feed }, [...names])].flat())
        return namedValues(names.map((name, i) => [name, tensors[i]]))
      } finally {
        tf.dispose([feed, tensors])
      }
    },
    dispose: async () => model.dispose(),
  }
}

async function load(tf: Tf, dir: string, source: string): Promise<{ model: GraphModel; inner: string[] }> {
  try {
    const artifacts = await readArtifacts(dir)
    const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts))
    const { node: nodes = [] } = artifacts.modelTopology as { node?: readonly { name: string; op: string }[] }
    return { model, inner: nodes.filter(({ op }) => !FIXED.has(op)).map(({ name }) => name) }
  } catch (cause) {
    throw teacherUnavailable(source, 'cannot be loaded', cause)
  }
}

/** tfjs leaves the shape away where the graph has none. */
function shapeOf(shape: readonly number[] | undefined): (number | null)[] | null {
  return shape === undefined ? null : shape.map((axis) => (axis < 0 ? null : axis))
}

const nodeName = (output: string) => output.replace(/:0$/, '')
