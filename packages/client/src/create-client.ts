// Puts the calls of every area together into one client.
import { accessCalls } from './calls/access-calls.ts'
import { blobCalls } from './calls/blob-calls.ts'
import { datasetCalls } from './calls/dataset-calls.ts'
import { jobCalls } from './calls/job-calls.ts'
import { modelCalls } from './calls/model-calls.ts'
import { webhookCalls } from './calls/webhook-calls.ts'
import { workerCalls } from './calls/worker-calls.ts'
import type { Client } from './client.ts'
import type { ClientOptions } from './send.ts'
import { createWire } from './wire.ts'

/** A client of one service with one key. It keeps no state and needs no closing. */
export function createClient(options: ClientOptions): Client {
  const wire = createWire(options)
  return {
    baseUrl: wire.baseUrl,
    ...jobCalls(wire),
    ...modelCalls(wire),
    ...datasetCalls(wire),
    ...accessCalls(wire),
    ...webhookCalls(wire),
    ...workerCalls(wire),
    ...blobCalls(wire),
  }
}
