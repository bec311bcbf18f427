// Native TensorFlow for the suites: what is on the shelves must hold on the backend that trains.
import { createRequire } from 'node:module'
import type { Tf } from '@stillhouse/engine'

const load = createRequire(import.meta.url)

// removed by Node 23, and still called by tfjs-node 4.22
const util = load('node:util') as Record<string, unknown>
util['isArray'] ??= Array.isArray
util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined

process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'

export const tf = load('@tensorflow/tfjs-node-gpu') as Tf
