// A whole worker in the test's process, on the scripted trainer, with a queue that the test fills by hand.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLogger } from '@stillhouse/kit'
import type { ConsumerOptions } from '@stillhouse/queue'
import type { JobSpec, StoredCheckpoint } from '@stillhouse/spec'
import type { DataStore } from '../data/bring-data.ts'
import type { Settings } from '../settings.ts'
import { runWorker } from '../worker.ts'
import { createFakeService, type FakeJob, type FakeService } from './fake-service.ts'

export interface TestWorker {
  readonly service: FakeService
  readonly scratchDir: string
  /** Adds the job, hands its first attempt to the worker and resolves when the handler has. */
  run(spec: JobSpec, ...checkpoints: StoredCheckpoint[]): Promise<FakeJob>
  /** Hands over any message. */
  deliver(jobId: string, attempt: number): Promise<void>
  /** Shuts the worker down in good order. */
  drain(): Promise<void>
  /** Names of what lies in the scratch folder, without the records of trainers and the cache. */
  scratchContent(): Promise<string[]>
}

const SCRIPTED_TRAINER = fileURLToPath(new URL('./scripted-trainer.mjs', import.meta.url))

/** Resolves when the worker takes jobs; rejects when it cannot start. */
export async function startTestWorker(
  overrides: Partial<Settings> = {},
  service: FakeService = createFakeService(),
  draining: AbortController = new AbortController(),
  openObjects?: DataStore['openObjects'],
): Promise<TestWorker> {
  const scratchDir = await mkdtemp(join(tmpdir(), 'stillhouse-worker-test-'))
  let ended: Promise<void> = Promise.resolve()
  const { handle } = await new Promise<ConsumerOptions>((resolve, reject) => {
    ended = runWorker({
      settings: testSettings(scratchDir, overrides),
      api: service.api,
      createConsumer: (options) => {
        resolve(options)
        return { pause: async () => {}, idleMs: () => 0, close: async () => {} }
      },
      logger: createLogger('worker', process.env['TEST_LOG_LEVEL'] ?? 'silent'),
      draining: draining.signal,
      ...(openObjects && { openObjects }),
    })
    ended.catch((error) => rm(scratchDir, { recursive: true, force: true }).then(() => reject(error)))
  })
  const deliver = (jobId: string, attempt: number): Promise<void> =>
    handle({ jobId, attempt }, new AbortController().signal)
  return {
    service,
    scratchDir,
    deliver,
    run: async (spec, ...checkpoints) => {
      const jobId = service.addJob(spec, ...checkpoints)
      await deliver(jobId, 1)
      return service.jobs.get(jobId) as FakeJob
    },
    drain: async () => {
      draining.abort()
      await ended
      await rm(scratchDir, { recursive: true, force: true })
    },
    scratchContent: async () => (await readdir(scratchDir)).filter((name) => !name.startsWith('.')),
  }
}

/** Patience in fractions of a second. */
function testSettings(scratchDir: string, overrides: Partial<Settings> = {}): Settings {
  return {
    apiUrl: 'http://127.0.0.1:1',
    token: 'token',
    queueUrl: 'redis://127.0.0.1:1',
    name: 'test-worker',
    labels: {},
    slots: 1,
    cores: 2,
    memoryGb: 8,
    scratchDir,
    scratchReserveBytes: 0,
    dataCacheDir: join(scratchDir, '.data'),
    teacherCacheDir: join(scratchDir, '.teachers'),
    teacherCacheBytes: 1e9,
    dataCacheBytes: 1e9,
    dataProgressMs: 50,
    scratchBytes: 1e9,
    dataRoots: [],
    dataBuckets: null,
    trainerEntry: SCRIPTED_TRAINER,
    trainerBytes: null,
    trainerMs: null,
    watchdogMs: 30_000,
    stopGraceMs: 2000,
    termGraceMs: 500,
    uploadMs: 1000,
    drainMs: 10_000,
    healthFile: undefined,
    metrics: null,
    ...overrides,
  }
}
