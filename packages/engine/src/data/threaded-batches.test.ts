import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { blobPlan, blobStream } from '../testing/batch-plans.ts'
import type { BatchPlan, BatchSource } from './batch-source.ts'
import { openBatches } from './open-batches.ts'

const opened: BatchSource[] = []
afterEach(() => Promise.all(opened.splice(0).map((source) => source.close())))

function open(plan: BatchPlan, threads: number): BatchSource {
  const source = openBatches(plan, { threads })
  opened.push(source)
  return source
}

/** Threads of this process, whoever started them. */
const threadCount = () => readdirSync('/proc/self/task').length

describe('loader threads', () => {
  it('keep nobody waiting who takes longer than they do', async () => {
    const source = open(blobPlan(), 1)
    await source.at(0)
    const before = source.waitedMs
    expect(before).toBeGreaterThan(0)
    const started = performance.now()
    for (let step = 1; step <= 10; step++) {
      await pause(30)
      await source.at(step)
    }
    // every batch takes well below a millisecond; the rest is room for a machine that has other things to do
    expect(source.waitedMs - before).toBeLessThan((performance.now() - started) / 10)
  })

  it('count as waiting what the training thread prepares itself', async () => {
    const source = open(blobPlan(), 0)
    await source.at(0)
    expect(source.waitedMs).toBeGreaterThan(0)
  })

  it('end when they are closed, and close twice without harm', async () => {
    // once before counting: Node starts threads of its own that stay
    const first = openBatches(blobPlan(), { threads: 3 })
    await first.at(0)
    await first.close()
    const before = threadCount()
    const source = openBatches(blobPlan(), { threads: 3 })
    await source.at(0)
    expect(threadCount()).toBeGreaterThanOrEqual(before + 3)
    await source.close()
    await source.close()
    expect(threadCount()).toBe(before)
    await expect(source.at(1)).rejects.toThrow('the batches have been closed')
  })

  it('hand on what they throw, at once and at every later step', async () => {
    const main = blobStream()
    const broken = { ...main, view: { ...main.view, indices: main.view.indices.map((index) => index + 40) } }
    const source = open(blobPlan({ main: broken }), 2)
    for (const step of [0, 1]) {
      const error = await source.at(step).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(RangeError)
      expect(String(error)).toMatch(/sample 0 to 46 expected, received \d+/)
    }
  })

  it('serve one step at a time', async () => {
    const source = open(blobPlan(), 1)
    const first = source.at(0)
    await expect(source.at(1)).rejects.toThrow('one step must be there')
    expect((await first).main.y.length).toBe(10)
  })

  it('let a close end a wait', async () => {
    const source = open(blobPlan(), 1)
    const waiting = expect(source.at(0)).rejects.toThrow('closed')
    await source.close()
    await waiting
  })
})

describe('a process with loader threads', () => {
  const script = (end: string) => `
    import { openBatches } from ${JSON.stringify(new URL('../../dist/data/open-batches.js', import.meta.url).href)}
    const split = { size: 8, labels: new Int32Array(8), values: new Float32Array(16), scale: 1 }
    const view = { split, indices: Int32Array.from({ length: 8 }, (_, i) => i), labels: split.labels, normalise: null }
    const main = { view, inputShape: [2], classes: 1, augment: undefined }
    const source = openBatches({ main, streams: {}, batchSize: 2, seed: 0 }, { threads: 2 })
    ${end}`
  // far apart, so that each has to be waited for
  const some = 'for (const step of [0, 9000, 5]) console.log((await source.at(step)).main.y.length)'
  const lasting = `${some}; setInterval(() => undefined, 1000)`
  const node = (end: string) => [process.execPath, ['--input-type=module', '-e', script(end)]] as const

  it('waits for a batch, and ends by itself when nothing else is left to do', async () => {
    const { stdout } = await promisify(execFile)(...node(some), { timeout: 20_000 })
    expect(stdout).toBe('2\n2\n2\n')
  })

  it('ends by itself when no batch was ever asked for', async () => {
    const { stdout } = await promisify(execFile)(...node(''), { timeout: 20_000 })
    expect(stdout).toBe('')
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)('ends on %s', async (signal) => {
    const child = spawn(...node(lasting), { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([null, signal])
  })

  it('hears signals that it listens for', async () => {
    const child = spawn(...node(`process.on('SIGTERM', () => process.exit(7)); ${lasting}`), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([7, null])
  })
})
