import { type ChildProcess, spawn } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@stillhouse/kit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { waitUntil } from './testing/wait-until.ts'
import { createTrainerRecords } from './trainer-records.ts'

const logger = createLogger('test', 'silent')
let dir = ''
let sleeper: ChildProcess
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stillhouse-records-'))
  sleeper = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
})
afterEach(async () => {
  sleeper.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

const pidOf = (child: ChildProcess): number => child.pid as number
const hasEnded = (): boolean => sleeper.signalCode !== null

/** Rewrites the one note in the folder. */
async function amend(change: (record: Record<string, unknown>) => object): Promise<void> {
  const [name = ''] = await readdir(join(dir, '.trainers'))
  const file = join(dir, '.trainers', name)
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')))))
}

it('ends a trainer whose worker is gone, and removes what it was working on', async () => {
  const records = createTrainerRecords(dir, logger)
  const scratch = join(dir, 'job', 'attempt-1')
  await mkdir(scratch, { recursive: true })
  await records.write(pidOf(sleeper), scratch)
  await amend((record) => ({ ...record, worker: { pid: 1, startTime: 'of another life' } }))
  await records.cleanUp()
  await waitUntil(hasEnded)
  await expect(access(scratch)).rejects.toThrow('ENOENT')
  expect(await readdir(join(dir, '.trainers'))).toEqual([])
})

it('leaves the trainers of a living worker alone', async () => {
  const records = createTrainerRecords(dir, logger)
  await records.write(pidOf(sleeper), null)
  await records.cleanUp()
  expect(hasEnded()).toBe(false)
  expect(await readdir(join(dir, '.trainers'))).toHaveLength(1)
})

it('never ends a process that only has the same number as a trainer once had', async () => {
  const records = createTrainerRecords(dir, logger)
  await records.write(pidOf(sleeper), null)
  const dead = { pid: pidOf(sleeper), startTime: '1' }
  await amend((record) => ({ ...record, worker: dead, trainer: dead }))
  await records.cleanUp()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(hasEnded()).toBe(false)
})

it('leaves the notes of another host alone', async () => {
  const records = createTrainerRecords(dir, logger)
  await records.write(pidOf(sleeper), null)
  await amend((record) => ({ ...record, host: 'elsewhere', worker: { pid: 1, startTime: '' } }))
  await records.cleanUp()
  expect(await readdir(join(dir, '.trainers'))).toHaveLength(1)
})

it('survives a note that was cut off', async () => {
  await mkdir(join(dir, '.trainers'))
  await writeFile(join(dir, '.trainers', 'x.json'), '{"host":')
  await createTrainerRecords(dir, logger).cleanUp()
  expect(await readdir(join(dir, '.trainers'))).toEqual([])
})
