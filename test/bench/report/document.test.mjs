import { describe, expect, it } from 'vitest'
import { writeDocument } from './document.mjs'

const spread = (/** @type {number} */ median) => ({ median, min: median * 0.9, max: median * 1.1 })

/** @param {Record<string, number>} ratios by competitor */
function mode(ratios) {
  const results = Object.entries(ratios).map(([name, ratio]) => ({
    name,
    versions: { library: '1.2.3' },
    ms: spread(50 * ratio),
    ratio: spread(ratio),
  }))
  return { check: { largestDifference: 2e-7, tolerance: 1e-4 }, results }
}

const RATIOS = {
  Stillhouse: 1,
  'PyTorch, eager': 1.6,
  'PyTorch, torch.compile': 0.97,
  'PyTorch, channels_last': 1.2,
  'TensorFlow.js, eager, as published': 3,
}
const PIECES = {
  pieces: [{ name: 'feed and fetch', ms: 1.5 }],
  ops: [
    { op: 'Conv2D', count: 9, ms: 3 },
    { op: 'Add', count: 1, ms: 1 },
  ],
}
const head = {
  measured: '2026-01-31',
  machine: { cpu: 'A processor', cores: 2, memoryGiB: 8, system: 'linux-x64', node: '20.0.0' },
}
const step = {
  ...head,
  title: 'one teaches another',
  task: { batchSize: 64, learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4, temperature: 4, alpha: 0.9 },
  rounds: 3,
  steps: 5,
  warmUp: 2,
  teachers: { live: mode(RATIOS), cached: mode({ ...RATIOS, 'PyTorch, torch.compile': 1.01 }) },
  profile: { live: PIECES, cached: PIECES },
}
const job = {
  ...head,
  samples: 600,
  testSamples: 100,
  epochs: 2,
  rounds: 3,
  results: [{ name: 'a', total: spread(9), startUp: spread(1), accuracy: spread(0.9), teacherAccuracy: spread(0.95) }],
  comparisons: [1.7, 2, 2.9, 1.5].map((ratio) => ({ theirs: 'their job', ours: 'our job', ratio: spread(ratio) })),
}
const waiting = (/** @type {number} */ threads, /** @type {number} */ share) => ({
  title: 'small',
  threads,
  stepMs: 5,
  waitedMs: 5 * share,
  share,
})
const pipeline = { ...head, steps: 300, results: [waiting(1, 0.01), waiting(0, 0.2)] }
const memory = {
  ...head,
  steps: 1000,
  warmUp: 100,
  points: [
    { step: 1, residentMiB: 600 },
    { step: 999, residentMiB: 610 },
  ],
  tensors: { min: 32, max: 32, perThousandSteps: 0 },
  resident: { first: 605, last: 610, perThousandSteps: 5 },
}

/** @param {string} document @param {string} goal */
function goalRow(document, goal) {
  return document.split('\n').find((line) => line.startsWith(`| ${goal}`))
}

describe('the document', () => {
  const document = writeDocument({ 1: step, 2: step, 3: job, 4: pipeline, 5: memory })

  it.each([
    ['step, teacher live: ≥ 1.4× PyTorch eager', '1.60× (1.44–1.76) | yes'],
    ['step, teacher live: ≥ 1.0× the best PyTorch setting (torch.compile)', '0.97× (0.87–1.07) | **no**'],
    ['step, teacher cached: ≥ 1.0× the best PyTorch setting (torch.compile)', '| yes'],
    ['step, teacher live: ≥ 2.5× TensorFlow.js eager', '| yes'],
    ['whole job: ≥ 1.5× torchdistill', '1.70× (1.53–1.87) | yes'],
    ["whole job: ≥ 3× torchdistill, with the teacher's outputs cached", '2.90× (2.61–3.19) | **no**'],
    ['input pipeline: ≤ 5 %', '1.00 % | yes'],
    ['memory: no growth of tensors', '32–32 tensors | yes'],
    ['memory: no growth of resident memory', '5.00 MiB per 1000 steps | **no**'],
  ])('says of the goal "%s" whether it was reached', (goal, rest) => {
    expect(goalRow(document, goal)).toContain(rest)
  })

  it('has a section for each part, and no value that is missing', () => {
    for (const part of ['1', '2', '3', '4', '5']) expect(document).toContain(`\n## ${part} · `)
    expect(document).not.toMatch(/undefined|NaN|null|\[object/)
  })

  it('shows the share of each kernel in the profile', () => {
    expect(document).toContain('| Conv2D | 9 | 3.00 | 75.0 % |')
  })

  it('leaves out parts that were not measured', () => {
    const some = writeDocument({ 4: pipeline })
    expect(some).toContain('## 4 ·')
    expect(some).not.toContain('## 1 ·')
    expect(goalRow(some, 'whole job')).toBeUndefined()
  })
})
