// Workers for tests that train nothing: they take attempts from the real queue and report as real ones do.
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import { createQueueConsumer } from '@stillhouse/queue'
import type { QueueMessage } from '@stillhouse/spec'
import { points, reportWith } from './jobs-harness.ts'

export interface FakeWorker {
  readonly id: string
  /** Attempts that this worker claimed. */
  readonly claimed: QueueMessage[]
  stop(): Promise<void>
}

export interface FakeWorkerOptions {
  readonly service: JobService
  readonly queueUrl: string
  readonly name: string
  readonly slots: number
  /** What it does with an attempt that it has claimed. */
  readonly work: (ref: QueueMessage) => Promise<void>
}

const TIMING = { lockMs: 2000, stalledCheckMs: 500, waitMs: 500, silentMs: 3000 }

export async function startFakeWorker({
  service,
  queueUrl,
  name,
  slots,
  work,
}: FakeWorkerOptions): Promise<FakeWorker> {
  const registration = { name, host: 'localhost', version: '0.1.0', slots, devices: [] }
  const { workerId, heartbeatSeconds } = await persist(() => service.registerWorker(registration))
  const held = new Map<string, QueueMessage>()
  const claimed: QueueMessage[] = []
  const handle = async (message: QueueMessage): Promise<void> => {
    try {
      await persist(() => service.claim(message.jobId, { workerId, attempt: message.attempt }))
      claimed.push(message)
      held.set(message.jobId, message)
      await work(message)
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'attempt.stale')) throw error
    } finally {
      held.delete(message.jobId)
    }
  }
  const faults: Error[] = []
  const onError = (error: Error): void => void faults.push(error)
  const consumer = await createQueueConsumer(queueUrl, {
    workerId,
    concurrency: slots,
    handle,
    onError,
    timing: TIMING,
  })
  const beats = new AbortController()
  const beat = async (): Promise<void> => {
    while (!beats.signal.aborted) {
      await service.heartbeat(workerId, { state: 'active', jobs: [...held.values()] }).catch(onError)
      await sleep(heartbeatSeconds * 1000, undefined, { signal: beats.signal }).catch(() => undefined)
    }
  }
  const beating = beat()
  return {
    id: workerId,
    claimed,
    async stop() {
      await consumer.close()
      beats.abort()
      await beating
    },
  }
}

/** "Trains" for five short steps, reporting each, and succeeds. */
export function trainNothing(service: JobService, exportModel: (ref: QueueMessage) => Promise<void>) {
  return async (ref: QueueMessage): Promise<void> => {
    for (const batch of [1, 2, 3, 4, 5]) {
      await sleep(40)
      await persist(() => service.report(ref, reportWith(batch, { metrics: points(batch * 2 - 1, batch * 2) })))
    }
    await persist(() => exportModel(ref))
    await persist(() => service.finish(ref, { outcome: 'succeeded', metrics: { accuracy: 1 }, metricSeq: 10 }))
  }
}

/** Calls again while the service is not there, as the worker's HTTP client does. */
export async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'service.unavailable')) throw error
      await sleep(100)
    }
  }
}
