// The trainer's TensorFlow, loaded as the trainer loads it.
import { createRequire } from 'node:module'
import type { Tf } from '@stillhouse/engine'

const load = createRequire(import.meta.url)

// removed by Node 23, and still called by tfjs-node 4.22
const util = load('node:util') as Record<string, unknown>
util['isArray'] ??= Array.isArray
util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined

export const tf = load('@tensorflow/tfjs-node-gpu') as Tf
