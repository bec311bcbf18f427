// ONNX Runtime, for the few jobs whose teacher is an ONNX file: loaded when one is, since loading it takes time and memory.
import type { OnnxRuntime } from '@stillhouse/engine'

/** @throws Error when the package is not installed or has no binary for this platform */
export async function loadOnnx(): Promise<OnnxRuntime> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  return { InferenceSession, Tensor }
}
