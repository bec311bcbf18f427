// The client against the API over real sockets, on a bad line: nothing lost, nothing twice, nothing left open.
import { createHash } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { ApiProblem, ApiUnreachable, type Client, createClient } from '@stillhouse/client'
import type { JobEvent } from '@stillhouse/spec'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KEYS } from '../../apps/api/src/testing/fake-service.ts'
import { createTestApp, MINIMAL_JOB, type TestApp } from '../../apps/api/src/testing/test-app.ts'

let t: TestApp
let client: Client
let line: BadLine

beforeEach(async () => {
  t = createTestApp({ config: { eventHeartbeatMs: 50 } })
  await t.app.listen({ host: '127.0.0.1', port: 0 })
  line = await startBadLine((t.app.server.address() as AddressInfo).port)
  client = createClient({ baseUrl: `http://127.0.0.1:${line.port}`, apiKey: KEYS.admin })
})
afterEach(async () => {
  await t.app.close()
  await line.close()
  expect(t.violations).toEqual([])
})

interface BadLine {
  readonly port: number
  /** Each of the next connections is cut after so many bytes from the server. */
  cuts: number[]
  cutAll(): void
  close(): Promise<void>
}

async function startBadLine(target: number): Promise<BadLine> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((down) => {
    const up = connect(target, '127.0.0.1')
    let left = line.cuts.shift() ?? Number.POSITIVE_INFINITY
    const cut = (): void => void [down, up].map((socket) => socket.destroy())
    for (const socket of [down, up]) {
      sockets.add(socket)
      socket.on('error', cut)
      socket.on('close', cut)
    }
    down.pipe(up)
    up.on('data', (chunk) => {
      if (left > 0) down.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left <= 0) setImmediate(cut)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    cuts: [],
    cutAll: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const note = (id: string, message: string) => t.service.emit(id, { type: 'note', data: { attempt: 1, message } })
const finish = (id: string) => t.service.emit(id, { type: 'state', data: { state: 'succeeded', attempt: 1 } })

async function submit(): Promise<string> {
  return (await client.submitJob(MINIMAL_JOB)).job.id
}

async function collect(events: AsyncIterable<JobEvent>): Promise<number[]> {
  const seqs: number[] = []
  for await (const event of events) seqs.push(event.seq)
  return seqs
}

test('a job is submitted as object and as YAML, replayed, found, listed, cancelled and retried', async () => {
  const yaml = { body: `# a job\n${JSON.stringify(MINIMAL_JOB)}\n`, contentType: 'application/yaml' } as const
  const first = await client.submitJob(yaml, { idempotencyKey: 'once' })
  expect(await client.submitJob(yaml, { idempotencyKey: 'once' })).toEqual({ job: first.job, replayed: true })
  const { id } = first.job
  expect((await client.getJob(id)).spec.student.model).toBe('mlp')
  expect((await client.listJobs({ state: 'queued' })).items.map((job) => job.id)).toEqual([id])
  expect((await client.cancelJob(id)).cancelRequested).toBe(true)
  finish(id)
  expect((await client.retryJob(id)).state).toBe('queued')
  expect(await client.validateJob(MINIMAL_JOB)).toMatchObject({ valid: true })
  expect(await client.isReady()).toBe(true)
})

test('a refusal is an ApiProblem with all faults', async () => {
  const error = await client.submitJob({ ...MINIMAL_JOB, priority: 1000 }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ApiProblem)
  expect(error).toMatchObject({ code: 'spec.invalid', faults: [{ path: '/priority' }] })
  expect((error as ApiProblem).problem.requestId).toMatch(/^[0-9a-f-]{36}$/)
  const stranger = createClient({ baseUrl: client.baseUrl, apiKey: 'not-a-key' })
  await expect(stranger.listJobs()).rejects.toMatchObject({ status: 401, code: 'auth.invalid' })
})

test('a service that is not there is ApiUnreachable', async () => {
  const nobody = createClient({ baseUrl: 'http://127.0.0.1:9', apiKey: 'x' })
  await expect(nobody.listJobs()).rejects.toBeInstanceOf(ApiUnreachable)
  expect(await nobody.isReady()).toBe(false)
})

test('events are followed over lost connections, none lost and none twice', async () => {
  const id = await submit()
  for (let i = 0; i < 300; i++) note(id, `before ${i}`)
  line.cutAll()
  line.cuts = [5000, 1, 9000]
  const seqs = collect(client.watchEvents(id))
  await vi.waitFor(() => expect(line.cuts).toEqual([]), 10_000)
  for (let i = 0; i < 50; i++) note(id, `live ${i}`)
  await vi.waitFor(() => expect(t.service.watchers()).toBe(1), 10_000)
  line.cutAll()
  finish(id)
  expect(await seqs).toEqual(Array.from({ length: 352 }, (_, i) => i + 1))
  await vi.waitFor(() => expect(t.service.watchers()).toBe(0))
})

test('watching a finished job ends by itself', async () => {
  const id = await submit()
  finish(id)
  expect(await collect(client.watchEvents(id))).toEqual([1, 2])
  expect(await collect(client.watchEvents(id, { after: 2 }))).toEqual([])
})

test('watching goes on when a job goes on after its end', async () => {
  const id = await submit()
  finish(id)
  const seen: number[] = []
  for await (const event of client.watchEvents(id)) {
    seen.push(event.seq)
    if (event.seq === 2) t.service.emit(id, { type: 'state', data: { state: 'queued', attempt: 1 } })
    if (event.seq === 3) finish(id)
  }
  expect(seen).toEqual([1, 2, 3, 4])
})

test('a watcher that leaves or is stopped unsubscribes', async () => {
  const id = await submit()
  for await (const _ of client.watchEvents(id)) break
  await vi.waitFor(() => expect(t.service.watchers()).toBe(0))
  const controller = new AbortController()
  const seqs = collect(client.watchEvents(id, { signal: controller.signal }))
  await vi.waitFor(() => expect(t.service.watchers()).toBe(1))
  controller.abort(new Error('enough'))
  await expect(seqs).rejects.toThrow('enough')
  await vi.waitFor(() => expect(t.service.watchers()).toBe(0))
})

test('an unknown job is not watched again and again', async () => {
  const id = '00000000-0000-4000-8000-000000000000'
  await expect(collect(client.watchEvents(id))).rejects.toMatchObject({ code: 'job.not_found' })
})

test('a large artifact arrives whole over a line that breaks', async () => {
  const id = await submit()
  const bytes = Buffer.alloc(3_000_000, 'still')
  t.service.addArtifact(id, 'export/weights.bin', bytes, 'application/octet-stream')
  const [artifact] = await client.listArtifacts(id)
  line.cutAll()
  line.cuts = [700_000, 900_000]
  const { stream, size, sha256 } = await client.downloadArtifact(id, 'export/weights.bin')
  const received = Buffer.from(await new Response(stream).arrayBuffer())
  expect(received.equals(bytes)).toBe(true)
  expect({ size, sha256 }).toEqual({ size: bytes.length, sha256: artifact?.sha256 })
  expect(line.cuts).toEqual([])
})

test('a file that was half fetched is completed, and begun anew when it changed', async () => {
  const id = await submit()
  const { sha256 } = t.service.addArtifact(id, 'a.bin', Buffer.from('0123456789'), 'application/octet-stream')
  const rest = await client.downloadArtifact(id, 'a.bin', { from: 6, sha256 })
  expect([rest.start, await new Response(rest.stream).text()]).toEqual([6, '6789'])
  const anew = await client.downloadArtifact(id, 'a.bin', { from: 6, sha256: '0'.repeat(64) })
  expect([anew.start, await new Response(anew.stream).text()]).toEqual([0, '0123456789'])
  await expect(client.downloadArtifact(id, 'b.bin')).rejects.toMatchObject({ code: 'artifact.not_found' })
})

test('content is streamed up without being held, and down again', async () => {
  const chunk = new Uint8Array(64_000).fill(7)
  const chunks = 100
  const hash = createHash('sha256')
  for (let i = 0; i < chunks; i++) hash.update(chunk)
  const sha256 = hash.digest('hex')
  let sent = 0
  const content = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      if (sent++ < chunks) controller.enqueue(chunk)
      else controller.close()
    },
  })
  expect(await client.hasBlob(sha256)).toBe(false)
  expect(await client.uploadBlob(sha256, content)).toBe('stored')
  expect(await client.uploadBlob(sha256, chunk)).toBe('present')
  const back = await new Response(await client.downloadBlob(sha256)).arrayBuffer()
  expect(createHash('sha256').update(Buffer.from(back)).digest('hex')).toBe(sha256)
})

test('an upload that is refused half way says why', async () => {
  const wrong = client.uploadBlob('0'.repeat(64), new TextEncoder().encode('something else'))
  await expect(wrong).rejects.toMatchObject({ code: 'blob.digest_mismatch' })
})

test('a worker says all that a worker says', async () => {
  const id = await submit()
  const { workerId } = await client.registerWorker({ name: 'w', host: 'h', version: '1', slots: 1, devices: [] })
  const ref = { jobId: id, attempt: 1 }
  expect(await client.claimJob(id, { workerId, attempt: 1 })).toMatchObject({ jobId: id })
  expect(await client.heartbeat(workerId, { state: 'active', jobs: [ref] })).toEqual({
    jobs: [{ ...ref, order: 'go-on' }],
  })
  const file = { path: 'a.bin', sha256: '0'.repeat(64), size: 1, contentType: 'application/octet-stream' }
  await client.report(ref, { batch: 1, metrics: [], logs: [], events: [] })
  await client.saveCheckpoint(ref, { stage: 'student', step: 1, metricSeq: 0, files: [file] })
  await client.saveArtifacts(ref, { kind: 'export', files: [file] })
  const teacher = { key: '1'.repeat(64), files: [file], metrics: { accuracy: 1 } }
  await client.saveTeacher(teacher)
  expect(await client.getTeacher(teacher.key)).toEqual(teacher)
  expect(await client.finish(ref, { outcome: 'cancelled' })).toBe('cancelled')
  await expect(
    client.report({ jobId: id, attempt: 2 }, { batch: 1, metrics: [], logs: [], events: [] }),
  ).rejects.toMatchObject({ code: 'attempt.stale' })
  expect(t.service.calls.map(([method]) => method)).toEqual(
    expect.arrayContaining(['claim', 'report', 'saveCheckpoint', 'saveArtifacts', 'finish']),
  )
  expect(await client.listWorkers()).toHaveLength(1)
  await client.removeWorker(workerId)
})

test('pages of metrics and logs, the catalogue and models come through', async () => {
  const id = await submit()
  const point = { seq: 1, name: 'loss', stage: 'student', step: 1, epoch: 0.1, value: 2 }
  t.service.metrics.set(id, [point])
  expect(await client.listMetrics(id, { name: 'loss', after: 0 })).toEqual({
    items: [point],
    lastSeq: 1,
    complete: false,
  })
  expect(await client.listLogs(id)).toEqual({ items: [], lastSeq: 0, complete: false })
  expect(await client.getCatalog()).toMatchObject({ methods: [] })
  const model = await client.uploadModel({ json: '{}', weights: new Uint8Array([1, 2, 3]) })
  expect(await client.getModel(model.id)).toEqual(model)
  expect((await client.getModelFiles(model.id)).files.map((file) => file.size)).toEqual([2, 3])
  finish(id)
  expect(await client.getJobModel(id)).toMatchObject({ format: 'tfjs-layers' })
})
