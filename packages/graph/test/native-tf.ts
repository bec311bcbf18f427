// Native TensorFlow for this package's tests. The package itself never imports it: it is handed the namespace.
import { createRequire } from 'node:module'
import util from 'node:util'
import type { Tf } from '../src/tf.ts'

// tfjs-node calls two functions that Node 23 removed.
const legacy = util as unknown as Record<string, unknown>
legacy['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined
legacy['isArray'] ??= Array.isArray

export const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as Tf
