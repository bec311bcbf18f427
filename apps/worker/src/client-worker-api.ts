// WorkerApi on the service's typed client. Content goes from file to socket and back as a stream.
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { type Client, type Content, createClient } from '@stillhouse/client'
import type { WorkerApi } from './worker-api.ts'

/** A heartbeat that hangs must not eat up the lease. */
const HEARTBEAT_MS = 5000
const ANSWER_MS = 20_000
/** The answer to an upload begins when all of it has arrived, however large it is. */
const CONTENT_MS = 3_600_000

/** @param options the API's base URL and an API key with the scope `worker` */
export function createClientWorkerApi({ url: baseUrl, token: apiKey }: { url: string; token: string }): WorkerApi {
  const client = createClient({ baseUrl, apiKey, timeoutMs: ANSWER_MS })
  const content = createClient({ baseUrl, apiKey, timeoutMs: CONTENT_MS })
  return {
    register: (worker) => client.registerWorker(worker),
    heartbeat: (id, beat) => client.heartbeat(id, beat, { signal: AbortSignal.timeout(HEARTBEAT_MS) }),
    deregister: (id) => client.removeWorker(id),
    claim: (jobId, request) => client.claimJob(jobId, request),
    report: (ref, report) => client.report(ref, report),
    saveCheckpoint: (ref, checkpoint) => client.saveCheckpoint(ref, checkpoint),
    saveArtifacts: (ref, report) => client.saveArtifacts(ref, report),
    finish: async (ref, outcome) => {
      await client.finish(ref, outcome)
    },
    getTeacher: (key) => client.getTeacher(key),
    saveTeacher: (teacher) => client.saveTeacher(teacher),
    getJobModel: (jobId) => client.getJobModel(jobId),
    getUploadedModel: (modelId) => client.getModelFiles(modelId),
    getDataset: (id, signal) => client.getDataset(id, { signal }),
    hasBlob: (sha256) => client.hasBlob(sha256),
    putBlob: (sha256, path) => upload(content, sha256, path),
    getBlob: async (sha256, path, signal) => {
      const stream = (await content.downloadBlob(sha256, { signal })) as NodeReadableStream<Uint8Array>
      await pipeline(Readable.fromWeb(stream), createWriteStream(path), signal ? { signal } : {})
    },
  }
}

async function upload(client: Client, sha256: string, path: string): Promise<void> {
  const file = createReadStream(path)
  // fetch hides why its body broke off; the file's own error says it
  const broken = new Promise<never>((_, reject) => file.once('error', reject))
  try {
    await Promise.race([client.uploadBlob(sha256, Readable.toWeb(file) as Content), broken])
  } finally {
    file.destroy()
  }
}
