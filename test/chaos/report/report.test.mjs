import { expect, it } from 'vitest'
import { parseOptions } from '../options.mjs'
import { writePage } from './page.mjs'
import { summarise } from './summarise.mjs'
import { markdownTable, textTable } from './table.mjs'

const fault = (kind, recoverySeconds, more = {}) => ({
  kind,
  target: 'w1',
  atSeconds: 1,
  outageSeconds: 0,
  heldJobs: 1,
  recoverySeconds,
  ...more,
})
const faults = [
  fault('worker killed', 4),
  fault('worker killed', 2),
  fault('worker killed', null),
  fault('worker paused', 9, { outageSeconds: 7 }),
  fault('scratch disk full', null, { target: null, note: 'nobody to hit', heldJobs: 0 }),
]
const kinds = ['worker killed', 'worker paused', 'scratch disk full']

it('counts what was injected and what was survived, and times only what was', () => {
  expect(summarise(faults, kinds)).toEqual([
    { kind: 'worker killed', injected: 3, survived: 2, heldJobs: 3, outage: [0, 0], median: 3, worst: 4 },
    { kind: 'worker paused', injected: 1, survived: 1, heldJobs: 1, outage: [7, 7], median: 9, worst: 9 },
    { kind: 'scratch disk full', injected: 0, survived: 0, heldJobs: 0, outage: null, median: null, worst: null },
  ])
})

it('writes a table with a row of sums', () => {
  expect(textTable(faults, kinds).split('\n').at(-1)).toMatch(/^all +4 +3 +4$/)
  expect(markdownTable(faults, kinds)).toContain('| worker paused | 1 | 1 | 1 | 7.0–7.0 s | 9.0 s | 9.0 s |')
})

it('writes a page that names what was not injected and what does not hold', () => {
  const page = writePage([
    {
      backend: 'redis',
      seed: 5,
      jobs: 100,
      attempts: 120,
      referenceSeconds: 10,
      chaosSeconds: 90,
      faults,
      endings: { succeeded: 100, failed: 20 },
      store: { blobs: 300, cleared: 900 },
      points: 45000,
      checks: [
        { check: 'every job finished exactly once', wrong: ['chaos-3 is failed'] },
        { check: 'no orphan process', wrong: [] },
      ],
      measured: '2026-11-22',
      machine: { cpu: 'x', cores: 2, memoryGiB: 8, system: 'linux-x64', node: '20.0.0' },
    },
  ])
  expect(page).toContain('100 jobs took 120 attempts (100 succeeded, 20 failed) and 1.5 minutes')
  expect(page).toMatch(/the store holds 300 files after\s+900 that nothing needed any more were cleared away/)
  expect(page).toContain('Not injected: scratch disk full (nobody to hit).')
  expect(page).toContain('- ✗ every job finished exactly once\n  - chaos-3 is failed\n- ✓ no orphan process')
})

it('reads its options, and says what it takes when it cannot', () => {
  expect(parseOptions([])).toMatchObject({ backends: ['redis', 'postgres'], seed: 1, jobs: 100, faults: 60 })
  expect(parseOptions(['--backend', 'postgres', '--jobs', '12', '--seed', '7', '--keep'])).toMatchObject({
    backends: ['postgres'],
    jobs: 12,
    faults: 8,
    seed: 7,
    keep: true,
  })
  expect(() => parseOptions(['--jobs', 'many'])).toThrow(/--jobs takes a whole number above 0. Received "many"/)
  expect(() => parseOptions(['--backend', 'mysql'])).toThrow(/redis, postgres or both/)
  expect(() => parseOptions(['--fast'])).toThrow(/Cannot understand "--fast"/)
})
