import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@stillhouse/kit'
import { afterEach, expect, it } from 'vitest'
import { watchScratchRoom } from './scratch-room.ts'
import { DONE, scriptedJob } from './testing/scripted-job.ts'
import { startTestWorker, type TestWorker } from './testing/start-test-worker.ts'
import { waitUntil } from './testing/wait-until.ts'

const MORE_THAN_ANY_DISK = 2 ** 60
const workers: TestWorker[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.drain()))
})

it('tells a disk with room from one without, and holds nothing against a folder that is not there yet', async () => {
  const scratchDir = await mkdtemp(join(tmpdir(), 'stillhouse-room-'))
  const room = (reserve: number) =>
    watchScratchRoom({ scratchDir, scratchReserveBytes: reserve }, createLogger('worker', 'silent'))
  try {
    expect(await room(1)()).toBe(true)
    expect(await room(MORE_THAN_ANY_DISK)()).toBe(false)
  } finally {
    await rm(scratchDir, { recursive: true })
  }
  expect(await room(MORE_THAN_ANY_DISK)()).toBe(true)
})

it('keeps a worker without room from taking jobs', async () => {
  const worker = await startTestWorker({ scratchReserveBytes: MORE_THAN_ANY_DISK })
  workers.push(worker)
  const { service } = worker
  await waitUntil(() => service.heartbeats.length > 0)
  expect(service.heartbeats.map(({ state }) => state)).not.toContain('active')
  expect((await worker.run(scriptedJob({ run: [DONE] }))).outcomes).toEqual([])
  expect(service.calls).not.toContain('claim')
})
