// Native TensorFlow for tests. Nothing else in the package loads tensors.
import { createRequire } from 'node:module'
import type { Tf } from '@stillhouse/engine'

const require = createRequire(import.meta.url)

// removed by Node 23, and still called by tfjs-node 4.22
const util = require('node:util') as Record<string, unknown>
util['isArray'] ??= Array.isArray
util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined

process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'

export const tf = require('@tensorflow/tfjs-node-gpu') as Tf
