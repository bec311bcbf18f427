// A SavedModel folder, run by native TensorFlow with the session that its loader makes: no op of it passes through
// JavaScript.
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs'
import type { Tf } from '../../contracts/tf.ts'
import type { ForeignRunner } from './foreign-runner.ts'
import { namedValues } from './named-values.ts'
import { teacherUnavailable } from './teacher-unavailable.ts'

const SIGNATURE = 'serving_default'
const TAGS = ['serve']

/** What tfjs-node adds to tfjs, as far as it is used here. */
interface NodeApi {
  loadSavedModel(dir: string, tags: string[], signature: string): Promise<LoadedModel>
  getMetaGraphsFromSavedModel(dir: string): Promise<MetaGraph[]>
}
interface LoadedModel {
  predict(inputs: NamedTensorMap): NamedTensorMap
  dispose(): void
}
interface MetaGraph {
  readonly tags: readonly string[]
  readonly signatureDefs: Readonly<Record<string, SignatureDef>>
}
interface SignatureDef {
  readonly inputs: Readonly<Record<string, TensorInfo>>
  readonly outputs: Readonly<Record<string, TensorInfo>>
}
interface TensorInfo {
  readonly tfDtype: string
  /** Messages of a protobuf library. */
  readonly shape: readonly { getSize(): number }[]
}

/** @throws TrainingError `teacher.unavailable` when TensorFlow refuses the folder, or this backend is not TensorFlow */
export async function openSavedModel(tf: Tf, dir: string, source: string): Promise<ForeignRunner> {
  const { node } = tf as unknown as { node?: NodeApi }
  if (node === undefined)
    throw teacherUnavailable(source, 'is a SavedModel, which needs native TensorFlow; this backend is another one.')
  const signature = await signatureOf(node, dir, source)
  const inputs = Object.entries(signature.inputs).map(([name, info]) => ({
    name,
    shape: shapeOf(info),
    dtype: info.tfDtype === 'DT_FLOAT' ? 'float32' : info.tfDtype,
  }))
  const model = await node.loadSavedModel(dir, [...TAGS], SIGNATURE).catch((cause: unknown) => {
    throw teacherUnavailable(source, 'cannot be loaded by TensorFlow', cause)
  })
  return {
    inputs,
    outputs: Object.keys(signature.outputs),
    inner: [],
    channels: 'last',
    params: null,
    run: async (x, shape, outputs) => {
      const input = tf.tensor(x, [...shape], 'float32')
      let found: Record<string, Tensor> = {}
      try {
        found = model.predict({ [inputs[0]?.name ?? '']: input })
        return namedValues(outputs.map((name) => [name, found[name]]))
      } finally {
        tf.dispose([input, ...Object.values(found)])
      }
    },
    dispose: async () => model.dispose(),
  }
}

async function signatureOf(node: NodeApi, dir: string, source: string): Promise<SignatureDef> {
  const graphs = await node.getMetaGraphsFromSavedModel(dir).catch((cause: unknown) => {
    throw teacherUnavailable(source, 'is not a SavedModel', cause)
  })
  const graph = graphs.find(({ tags }) => tags.join() === TAGS.join())
  const signature = graph?.signatureDefs[SIGNATURE]
  if (signature !== undefined) return signature
  const tags = graphs.map((one) => `${one.tags.join('+')}: ${Object.keys(one.signatureDefs).join(', ') || 'none'}`)
  throw teacherUnavailable(
    source,
    `has no signature to run. Expected "${SIGNATURE}" under the tag "${TAGS}"; received ${tags.join('; ') || 'none'}.`,
  )
}

/** An unknown number of axes is stored as none. */
function shapeOf({ shape }: TensorInfo): (number | null)[] | null {
  const axes = shape.map((axis) => axis.getSize())
  return axes.length === 0 ? null : axes.map((axis) => (axis < 0 ? null : axis))
}
