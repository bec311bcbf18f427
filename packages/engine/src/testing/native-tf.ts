// Native TensorFlow for tests. Nothing else in the package loads tensors.
import { createRequire } from 'node:module'
import type { Tf } from '../contracts/tf.ts'

process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'

const require = createRequire(import.meta.url)

export const tf = require('@tensorflow/tfjs-node-gpu') as Tf
