import { expect, it } from 'vitest'
import { parseGpus } from './list-gpus.ts'

const CSV = ['0, GPU-aaaa1111, Tesla T4, 15360', '1, GPU-bbbb2222, NVIDIA A100-SXM4-40GB, 40960', ''].join('\n')
const T4 = { kind: 'gpu', name: 'Tesla T4', memoryGb: 15 }
const A100 = { kind: 'gpu', name: 'NVIDIA A100-SXM4-40GB', memoryGb: 40 }

it.each([
  [undefined, [T4, A100]],
  ['1', [A100]],
  ['1,0', [A100, T4]],
  ['GPU-bbbb', [A100]],
  ['', []],
  ['7', []],
])('names the GPUs that CUDA_VISIBLE_DEVICES=%j makes visible', (visible, gpus) => {
  expect(parseGpus(CSV, visible)).toEqual(gpus)
})

it('does without the amount of memory where the driver does not say it', () => {
  expect(parseGpus('0, GPU-aaaa1111, GRID, [N/A]', undefined)).toEqual([{ kind: 'gpu', name: 'GRID' }])
})
