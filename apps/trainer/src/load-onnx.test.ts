import { expect, test } from 'vitest'
import { loadOnnx } from './load-onnx.ts'

test('brings a runtime that judges ONNX files', async () => {
  const { InferenceSession, Tensor } = await loadOnnx()
  await expect(InferenceSession.create('/nowhere/model.onnx')).rejects.toThrow(/nowhere/)
  expect(new Tensor('float32', Float32Array.of(1, 2), [1, 2]).dims).toEqual([1, 2])
})
