import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@stillhouse/kit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keepHealthFile } from './health-file.ts'
import { startTestWorker } from './testing/start-test-worker.ts'
import { waitUntil } from './testing/wait-until.ts'

const quiet = createLogger('worker', 'silent')
let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillhouse-health-'))
  file = join(folder, 'health')
})
afterEach(() => rmSync(folder, { recursive: true }))

const age = (): number => Date.now() - statSync(file).mtimeMs
const makeOld = (): void => utimesSync(file, 1, 1)

it('stays young while the event loop turns, and grows old while it is blocked', async () => {
  const health = keepHealthFile(file, quiet, 10)
  makeOld()
  const until = performance.now() + 50
  while (performance.now() < until);
  expect(age()).toBeGreaterThan(60_000)
  await waitUntil(() => age() < 5000)
  health.close()
})

it('says how far the worker is, and is gone with it', async () => {
  const worker = await startTestWorker({ healthFile: file })
  await waitUntil(() => readFileSync(file, 'utf8') === 'taking-jobs\n')
  await worker.drain()
  expect(existsSync(file)).toBe(false)
})

it('does not disturb the worker when it cannot be written', () => {
  const health = keepHealthFile(join(folder, 'no-such-folder', 'health'), quiet)
  expect(() => health.say('draining')).not.toThrow()
  expect(() => health.close()).not.toThrow()
})
