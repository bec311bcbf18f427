import { expect, it } from 'vitest'
import { findGpus, planSlots } from './slots.ts'

it('makes one slot with all cores and no GPU on a machine without GPUs', () => {
  expect(planSlots({ cores: 8, gpus: [] })).toEqual([{ index: 0, gpu: '', threads: 8 }])
})

it('makes one slot per GPU and shares the cores', () => {
  expect(planSlots({ cores: 9, gpus: ['0', '1'] })).toEqual([
    { index: 0, gpu: '0', threads: 4 },
    { index: 1, gpu: '1', threads: 4 },
  ])
})

it('shares GPUs when there are more slots, and never gives a slot no thread', () => {
  expect(planSlots({ cores: 2, gpus: ['0', '1'] }, 3).map(({ gpu, threads }) => [gpu, threads])).toEqual([
    ['0', 1],
    ['1', 1],
    ['0', 1],
  ])
})

it.each([
  [{}, ['nvidia0', 'nvidia1', 'nvidiactl', 'null'], ['0', '1']],
  [{ CUDA_VISIBLE_DEVICES: '2, 3' }, ['nvidia0'], ['2', '3']],
  [{ CUDA_VISIBLE_DEVICES: 'GPU-8c7a' }, [], ['GPU-8c7a']],
  [{ CUDA_VISIBLE_DEVICES: '' }, ['nvidia0'], []],
  [{ CUDA_VISIBLE_DEVICES: '-1' }, ['nvidia0'], []],
])('finds with environment %j and devices %j the GPUs %j', (env, devices, gpus) => {
  expect(findGpus(env, devices)).toEqual(gpus)
})
