// An uploaded model as people have them: Keras style, with its softmax.
import { join } from 'node:path'
import type { FetchedModel } from '../job/run-request.ts'
import { saveLayersModel } from '../network/layers-model-files.ts'
import { tf } from './native-tf.ts'
import { tinyJobRoot } from './run-tiny-job.ts'

export async function softmaxTeacher(
  classes = 3,
  activation: 'softmax' | 'sigmoid' = 'softmax',
): Promise<FetchedModel> {
  const dir = join(tinyJobRoot, `upload-${classes}-${activation}`)
  const dense = tf.layers.dense({
    units: classes,
    activation,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
  })
  const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), dense] })
  await saveLayersModel({ tf, dir }, model)
  return { dir, metrics: {} }
}
