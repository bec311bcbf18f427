import { describe, expect, it } from 'vitest'
import { describeNeeds, meetsNeeds, needsKey, parseNeeds } from './worker-needs.ts'

const rest = { loaderThreads: 1, attempts: 3 }
const t4 = { kind: 'gpu', name: 'Tesla T4', memoryGb: 15 } as const
const cpu = { kind: 'cpu', name: 'Xeon' } as const

describe('what a job asks of a worker', () => {
  it('is one text for equal needs, and no text for none', () => {
    expect(needsKey({ ...rest, gpus: 0, labels: {} })).toBe('')
    const one = needsKey({ ...rest, gpus: 1, gpuMemoryGb: 12, labels: { zone: 'a', kind: 'x' } })
    expect(needsKey({ ...rest, gpus: 1, gpuMemoryGb: 12, labels: { kind: 'x', zone: 'a' } })).toBe(one)
  })

  it('is read back as it was asked', () => {
    const labels = { zone: 'a' }
    expect(parseNeeds(needsKey({ ...rest, gpus: 1, labels }))).toEqual({ gpus: 1, gpuMemoryGb: 0, memoryGb: 0, labels })
    expect(parseNeeds('')).toEqual({ gpus: 0, gpuMemoryGb: 0, memoryGb: 0, labels: {} })
  })

  it.each([
    [{ gpus: 0, labels: {} }, '', true],
    [{ gpus: 1, labels: {} }, 'a GPU', true],
    [{ gpus: 1, gpuMemoryGb: 15, labels: {} }, 'a GPU of 15 GB', true],
    [{ gpus: 1, gpuMemoryGb: 16, labels: {} }, 'a GPU of 16 GB', false],
    [{ gpus: 0, labels: { zone: 'a' } }, 'the label zone=a', true],
    [{ gpus: 0, labels: { zone: 'b' } }, 'the label zone=b', false],
    [{ gpus: 1, labels: { zone: 'a', rack: '1' } }, 'a GPU and the labels rack=1, zone=a', false],
    [{ gpus: 0, memoryGb: 32, labels: {} }, '32 GB of memory', true],
    [{ gpus: 0, memoryGb: 33, labels: {} }, '33 GB of memory', false],
  ])('%j is "%s", and a T4 in zone a has it: %s', (asked, words, met) => {
    const needs = parseNeeds(needsKey({ ...rest, ...asked }))
    expect(describeNeeds(needs)).toBe(words)
    expect(meetsNeeds(needs, { devices: [t4, cpu], labels: { zone: 'a' }, memoryGb: 32 })).toBe(met)
  })

  it('is not met by a CPU where a GPU is asked for, nor by a GPU that does not tell its memory where that counts', () => {
    const rest = { labels: {}, memoryGb: 0 }
    const offer = { labels: {}, memoryGb: null }
    expect(meetsNeeds({ gpus: 1, gpuMemoryGb: 0, ...rest }, { devices: [cpu], ...offer })).toBe(false)
    const silent = { kind: 'gpu', name: 'GPU' } as const
    expect(meetsNeeds({ gpus: 1, gpuMemoryGb: 0, ...rest }, { devices: [silent], ...offer })).toBe(true)
    expect(meetsNeeds({ gpus: 1, gpuMemoryGb: 8, ...rest }, { devices: [silent], ...offer })).toBe(false)
  })

  it('is met by a worker that does not tell its memory', () => {
    const needs = { gpus: 0, gpuMemoryGb: 0, memoryGb: 1000, labels: {} }
    expect(meetsNeeds(needs, { devices: [cpu], labels: {}, memoryGb: null })).toBe(true)
  })
})
