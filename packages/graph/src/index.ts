// A training step as one TensorFlow graph: record a tfjs function, run it as a session, write it as a SavedModel; and
// TensorFlow's fused ops, eager and recorded.
export { compileStep } from './compile-step.ts'
export type { CompiledStep, CompileOptions } from './compiled-step.ts'
export { executeOp, type Op, type OpAttr } from './execute-op.ts'
export {
  type BatchNormInferenceInput,
  type BatchNormInput,
  type BatchNormOutput,
  fusedBatchNorm,
  fusedBatchNormInference,
} from './fused-batch-norm.ts'
export { isTracedForCpu } from './fused-update.ts'
export { GraphError } from './graph-error.ts'
export { isNative } from './native-backend.ts'
export { installNativeKernels } from './native-kernels.ts'
export {
  type AdamInput,
  type AdamOutput,
  adamUpdate,
  type DescentInput,
  descentUpdate,
  type MomentumInput,
  type MomentumOutput,
  momentumUpdate,
} from './optimizer-updates.ts'
export { type SavedModelOptions, writeSavedModel } from './saved-model.ts'
export { softmaxCrossEntropy } from './softmax-cross-entropy.ts'
export { type StatelessDraw, statelessNormal, statelessUniform } from './stateless-random.ts'
export { stopGradient } from './stop-gradient.ts'
export type { FloatConstant, StoreConstant, StoredConstant } from './store-constants.ts'
export { type TraceOptions, traceStep } from './trace-step.ts'
