// The first thing a newcomer runs, from a folder of its own: real MNIST, start to finish, with the claims of the README.
import { hash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Job } from '@stillhouse/spec'
import { type AppProcess, CHECKOUT, startProcess, waitUntil } from '@stillhouse/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Report {
  readonly job: Job
  readonly metrics: Record<string, number>
  readonly artifacts: { path: string; file: string; sha256: string }[]
}

describe('the demo', () => {
  let folder: string
  let demo: AppProcess
  let report: Report
  let code: number | null

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'stillhouse-demo-'))
    chmodSync(folder, 0o755)
    demo = startProcess('demo', ['node', path.join(CHECKOUT, 'apps/cli/bin/stillhouse.js'), 'demo'], {
      STILLHOUSE_HOME: path.join(folder, 'state'),
    })
    code = await waitUntil(
      'the demo to end',
      () => demo.exitCode() !== undefined && { code: demo.exitCode() ?? null },
      360,
    ).then((ended) => ended.code)
    report = JSON.parse(readFileSync(path.join(folder, 'state/demo/report.json'), 'utf8')) as Report
  }, 400_000)

  afterAll(async () => {
    await demo?.end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  it('trains a student at least 10 times smaller than its teacher to at least 97.5 % on the 10,000 test digits', () => {
    expect(code).toBe(0)
    expect(report.job.verdict).toBe('passed')
    expect(report.job.spec.data.name).toBe('mnist')
    expect(report.metrics['accuracy']).toBeGreaterThanOrEqual(0.975)
    expect(report.metrics['compression.params']).toBeGreaterThanOrEqual(10)
    // a share of 10,000 samples has four decimals
    expect(((report.metrics['accuracy'] ?? 0) * 10_000) % 1).toBeCloseTo(0, 5)
  })

  it('shows teacher, student and control with size, latency and compression', () => {
    expect(demo.output()).toMatch(/teacher +9\d\.\d\d %/)
    expect(demo.output()).toMatch(/student \(distilled\) +9\d\.\d\d %/)
    expect(demo.output()).toMatch(/student without teacher +9\d\.\d\d %/)
    expect(demo.output()).toMatch(/compression: \d+\.\d× fewer parameters, \d+\.\d× smaller on disk/)
  })

  it('leaves the artifacts with the sha256 that it prints', () => {
    expect(report.artifacts.length).toBeGreaterThan(0)
    for (const { file, sha256 } of report.artifacts) {
      expect(hash('sha256', readFileSync(file))).toBe(sha256)
      expect(demo.output()).toContain(sha256)
    }
  })
})
