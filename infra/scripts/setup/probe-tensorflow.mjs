// Run by set-up in a process of its own: loads tfjs with its binding, multiplies two matrices, says what it found.
// A wrong library would not throw but kill the process, hence the separate one.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'

const load = createRequire(join(process.argv[2] ?? '.', 'package.json'))
const util = load('node:util')
// Node 23 took these two away; the tfjs package, written before that, calls them.
util.isArray ??= Array.isArray
util.isNullOrUndefined ??= (/** @type {unknown} */ value) => value === null || value === undefined

const tf = load('@tensorflow/tfjs-node-gpu')
/** @type {{binding: {TF_Version: string}}} */
const backend = tf.backend()
const product = tf.matMul(tf.fill([8, 8], 2), tf.fill([8, 8], 0.25))
const sum = product.sum().dataSync()[0]
process.stdout.write(
  `${JSON.stringify({ tensorflow: backend.binding.TF_Version, tfjs: tf.version['tfjs-node'], sum })}\n`,
)
