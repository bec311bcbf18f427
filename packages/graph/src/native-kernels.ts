// Where tfjs composes a gradient of several ops, or looks at values that a graph does not have, TensorFlow has one op.
// These replace tfjs's own registrations, so that every tfjs program gets them, a method's loss included.
import { executeOp } from './execute-op.ts'
import { isNative } from './native-backend.ts'
import { isTapeOn } from './tape.ts'
import type { Tensor, Tf } from './tf.ts'

type Gradient = NonNullable<ReturnType<Tf['getGradient']>>
type Kernel = Parameters<Tf['registerKernel']>[0]
type FusedGradient = (dy: Tensor, y: Tensor) => Tensor

const F32 = { T: { type: 'float32' } } as const

/** Gradients of piecewise linear activations, from the activation's result. */
const FUSED: Readonly<Record<string, (tf: Tf) => FusedGradient>> = {
  Relu: (tf) => (dy, y) => executeOp(tf, { op: 'ReluGrad', attrs: F32, inputs: [dy, y] })[0] as Tensor,
  Relu6: (tf) => (dy, y) => executeOp(tf, { op: 'Relu6Grad', attrs: F32, inputs: [dy, y] })[0] as Tensor,
}

/** Keeps tfjs's gradient for other backends and types. */
function replaceGradient(tf: Tf, kernelName: string, fused: FusedGradient): void {
  const previous = tf.getGradient(kernelName) as Gradient
  const gradFunc: Gradient['gradFunc'] = (dy, saved, attrs) => {
    const [x, y] = saved as [Tensor, Tensor]
    if (!isNative(tf) || y.dtype !== 'float32') return previous.gradFunc(dy, [x], attrs)
    // Piecewise linear: where the gradient is differentiated in turn, its slope is a constant.
    if (isTapeOn(tf)) return { x: () => tf.mul(dy as Tensor, fused(tf.onesLike(y), y)) }
    return { x: () => fused(dy as Tensor, y) }
  }
  tf.unregisterGradient(kernelName)
  tf.registerGradient({ kernelName, inputsToSave: ['x'], outputsToSave: [true], gradFunc })
}

interface GatherArguments {
  readonly inputs: { readonly x: Tensor; readonly indices: Tensor }
  readonly attrs: { readonly axis: number; readonly batchDims: number }
}

/** tfjs-node reads the indices to check them, which a graph cannot and TensorFlow does itself. */
function gather(tf: Tf, { inputs: { x, indices }, attrs: { axis, batchDims } }: GatherArguments): Tensor {
  const at = tf.scalar(axis, 'int32')
  const types = { Tparams: { type: x.dtype }, Tindices: { type: indices.dtype }, Taxis: { type: 'int32' } } as const
  const attrs = { ...types, batch_dims: { int: batchDims } }
  const [result] = executeOp(tf, { op: 'GatherV2', attrs, inputs: [x, indices, at] })
  at.dispose()
  return result as Tensor
}

const installed = new WeakSet<object>()

/**
 * Makes tfjs use TensorFlow's fused activation gradients and its own bounds check in `tf.gather`. Once per namespace;
 * compileStep and writeSavedModel do it themselves, and an eager program may.
 */
export function installNativeKernels(tf: Tf): void {
  if (installed.has(tf.engine())) return
  installed.add(tf.engine())
  for (const [name, fused] of Object.entries(FUSED)) replaceGradient(tf, name, fused(tf))
  const kernelFunc = ((call: GatherArguments) => gather(tf, call)) as unknown as Kernel['kernelFunc']
  tf.unregisterKernel('GatherV2', 'tensorflow')
  tf.registerKernel({ kernelName: 'GatherV2', backendName: 'tensorflow', kernelFunc })
}
