// The only file that imports tfjs-node-gpu: loading it loads the native library, which must happen once, after the
// environment is prepared, and in a process that may die of it.
import { createRequire } from 'node:module'
import type { Tf } from '@stillhouse/engine'
import { prepareNativeEnvironment } from './native-environment.ts'
import { restoreUtil } from './node-shims.ts'

export interface Backend {
  readonly tf: Tf
  /** Version of the native library, e.g. 2.21.0. */
  readonly tensorflow: string
  /** Whether TensorFlow found a GPU and puts tensors there; without one it uses the CPU and says nothing. */
  readonly usesGpu: boolean
}

interface NativeBackend {
  readonly binding: { readonly TF_Version: string }
  readonly isUsingGpuDevice: boolean
}

/** Native TensorFlow could not be loaded; the message says what to do. */
export class BackendError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BackendError'
  }
}

/**
 * Loads native TensorFlow (about a second, 370 MB resident).
 * @throws BackendError when it is not set up, or does not fit this machine
 */
export function loadBackend(): Backend {
  prepareNativeEnvironment()
  restoreUtil()
  const tf = requireTensorFlow()
  const native = tf.backend() as unknown as NativeBackend
  return { tf, tensorflow: native.binding.TF_Version, usesGpu: native.isUsingGpuDevice }
}

function requireTensorFlow(): Tf {
  try {
    return createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as Tf
  } catch (error) {
    throw new BackendError(explain(error), { cause: error })
  }
}

function explain(error: unknown): string {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  const library = /(libtensorflow\S*): cannot open shared object file/.exec(text)?.[1]
  if (library) return `TensorFlow's library ${library} is not where it was linked. Run \`npm run setup\`.`
  if (/native addon module|Cannot find module/.test(text))
    return `The TensorFlow binding is not built (${text.trim()}). Run \`npm run setup\`.`
  return `TensorFlow could not be loaded: ${text}. Run \`npm run setup\`; if it goes on, \`stillhouse doctor\` says more.`
}
