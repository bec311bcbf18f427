import type { JobSpec } from '@stillhouse/spec'
import { expect, it } from 'vitest'
import { requireGpu } from './require-gpu.ts'

const spec = (gpus: number) => ({ resources: { gpus, attempts: 1 } }) as JobSpec
const collect = (): string => 'failed call to cuInit: INTERNAL: CUDA error (303)'

it('fails a job that asks for a GPU which TensorFlow does not use, with the reason', () => {
  const require = (): void => requireGpu(spec(1), { usesGpu: false }, collect)
  expect(require).toThrow(expect.objectContaining({ code: 'resource.no_gpu' }))
  expect(require).toThrow(/resources\.gpus is 1.*driver is missing/)
})

it.each([
  [0, false],
  [0, true],
  [1, true],
])('lets a job that asks for %i GPUs run when TensorFlow uses one: %s', (gpus, usesGpu) => {
  requireGpu(spec(gpus), { usesGpu }, () => expect.unreachable())
})
