import type { Job, JobEvent, JobProgress } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { bytes, duration, percent } from './format.ts'
import { createProgressView } from './progress-view.ts'
import { resultTable } from './result-table.ts'
import { table } from './table.ts'

describe('numbers for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [273_829_956, '273.8 MB'],
  ])('%i bytes is %s', (value, text) => expect(bytes(value)).toBe(text))

  it.each([
    [0.4, '0 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3725, '1 h 02 min'],
  ])('%d seconds is %s', (value, text) => expect(duration(value)).toBe(text))

  it('shows shares with two decimals', () => expect(percent(0.97512)).toBe('97.51 %'))
})

describe('table', () => {
  it('aligns the first column left and numbers right', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['a', '1'],
          ['long', '200'],
        ],
      ),
    ).toBe('name    n\n────  ───\na       1\nlong  200')
  })
})

function finishedJob(metrics: Record<string, number>): Job {
  const gates = [{ metric: 'accuracy', condition: '>= 0.99', actual: metrics['accuracy'] ?? null, passed: false }]
  return { verdict: 'failed', result: { metrics, gates } } as unknown as Job
}

describe('resultTable', () => {
  it('puts teacher, student and control side by side and lists the gates', () => {
    const text = resultTable(
      finishedJob({
        accuracy: 0.9812,
        params: 5000,
        'size.bytes': 20_480,
        'teacher.accuracy': 0.9921,
        'teacher.params': 120_000,
        'baseline.accuracy': 0.9755,
        'compression.params': 24,
        'compression.size': 22.5,
      }),
    )
    expect(text).toMatch(/teacher\s+99\.21 %\s+120,000/)
    expect(text).toMatch(/student \(distilled\)\s+98\.12 %\s+5,000\s+20\.5 kB/)
    expect(text).toMatch(/student without teacher\s+97\.55 %\s+same/)
    expect(text).toContain('24.0× fewer parameters, 22.5× smaller')
    expect(text).toContain('✗ accuracy >= 0.99   (0.9812)')
  })

  it('leaves out what the job did not have', () => {
    const text = resultTable(finishedJob({ accuracy: 0.5 }))
    expect(text).toMatch(/^student +50\.00 %/m)
    expect(text).not.toContain('distilled')
    expect(text).not.toContain('teacher ')
    expect(text).not.toContain('compression')
  })
})

function progress(step: number, stage = 'distil'): JobEvent {
  const at: JobProgress = {
    stage,
    stageIndex: 1,
    stageCount: 3,
    step,
    steps: 100,
    epoch: 0,
    epochs: 1,
    loss: 0.5,
    imagesPerSecond: 1200,
    secondsLeft: 61,
  }
  return { seq: step + 1, at: '2026-01-01T00:00:00Z', type: 'progress', data: { attempt: 1, progress: at } }
}

describe('progress without a terminal', () => {
  it('prints one line per tenth of a stage, with loss, speed and time left', () => {
    const lines: string[] = []
    const view = createProgressView({
      isTTY: false,
      write: (text: string) => lines.push(text),
    } as unknown as NodeJS.WriteStream)
    for (let step = 0; step < 20; step++) view.event(progress(step))
    expect(lines).toHaveLength(2)
    expect(lines[1]).toBe('2/3 distil: step 10/100  loss 0.5000  1,200 images/s  1 min 01 s left\n')
  })

  it('says once why the job waits', () => {
    const lines: string[] = []
    const view = createProgressView({
      isTTY: false,
      write: (text: string) => lines.push(text),
    } as unknown as NodeJS.WriteStream)
    for (let i = 0; i < 3; i++) view.waiting('all slots are busy')
    expect(lines).toEqual(['queue: all slots are busy\n'])
  })
})
