// Simulated workers: each registers, sends heartbeats, takes attempts from its queue, holds each for a while and reports
// success with the smallest artifact there is. A process of its own, so that its work is not the API's.
//   node test/load/fleet.mjs <json options>; prints one JSON line per second, and the times at the end (SIGTERM)
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../../packages/client/dist/index.js'
import { createQueueConsumer } from '../../packages/queue/dist/index.js'

const { url, token, queueUrl, workers, holdMs } = JSON.parse(process.argv[2] ?? '{}')
const client = createClient({ baseUrl: url, apiKey: token })
const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())

const body = Buffer.from('{"a model":"that nobody trained"}')
const sha256 = createHash('sha256').update(body).digest('hex')
await client.uploadBlob(sha256, body)

/** Milliseconds between a slot becoming free and its next job, of each job but a worker's first. */
const turnarounds = []
let finished = 0
let faults = 0

async function startWorker(number) {
  const registration = { name: `sim-${number}`, host: 'load', version: '0.1.0', slots: 1, devices: [] }
  const { workerId, heartbeatSeconds } = await client.registerWorker(registration)
  const held = new Map()
  let freeSince = Number.NaN
  const run = async ({ jobId, attempt }) => {
    await client.claimJob(jobId, { workerId, attempt })
    if (!Number.isNaN(freeSince)) turnarounds.push(performance.now() - freeSince)
    held.set(jobId, { jobId, attempt })
    await sleep(holdMs * (0.5 + Math.random()))
    const ref = { jobId, attempt }
    const file = { path: 'export/tfjs-layers/model.json', sha256, size: body.length, contentType: 'application/json' }
    await client.saveArtifacts(ref, { kind: 'export', files: [file] })
    await client.finish(ref, { outcome: 'succeeded', metrics: {}, metricSeq: 0 })
    finished += 1
    freeSince = performance.now()
    held.delete(jobId)
  }
  const handle = (message) =>
    run(message).catch((error) => {
      held.delete(message.jobId)
      faults += 1
      process.stderr.write(`sim-${number}: ${error.message}\n`)
    })
  const consumer = await createQueueConsumer(queueUrl, { workerId, concurrency: 1, handle, onError: () => undefined })
  while (!stopping.signal.aborted) {
    await client.heartbeat(workerId, { state: 'active', jobs: [...held.values()] }).catch(() => undefined)
    await sleep(heartbeatSeconds * 1000, undefined, { signal: stopping.signal }).catch(() => undefined)
  }
  await consumer.close()
}

const running = []
for (let number = 0; number < workers; number += 1) running.push(startWorker(number))
const ticker = setInterval(() => process.stdout.write(`${JSON.stringify({ finished, faults })}\n`), 1000)
await Promise.all(running)
clearInterval(ticker)
process.stdout.write(`${JSON.stringify({ finished, faults, turnarounds })}\n`)
process.exit(0)
