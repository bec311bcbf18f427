// One trace per job, from the request that sends it to the phases of its trainer, made by processes that share nothing but
// what travels with the job. API and worker run as they are built; the trainer is a script.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Job } from '@stillhouse/spec'
import { type CollectedSpan, freePort, startOtlpCollector, startPostgres } from '@stillhouse/testkit'
import { afterEach, expect, test } from 'vitest'
import { DONE, type Script } from '../../apps/worker/src/testing/scripted-job.ts'
import { eventually } from './jobs-harness.ts'

const entry = (app: string): string => fileURLToPath(new URL(`../../apps/${app}/dist/main.js`, import.meta.url))
const TRAINER = fileURLToPath(new URL('../../apps/worker/src/testing/scripted-trainer.mjs', import.meta.url))
const KEY = 'key-of-an-administrator'
const TOKEN = 'token-of-the-worker'
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER_SPAN = 'b7ad6b7169203331'

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step()
})

interface Running {
  /** Lines of its log. */
  lines(): Record<string, unknown>[]
  end(): Promise<unknown>
}

function start(app: string, env: Record<string, string>): Running {
  const child: ChildProcess = spawn(process.execPath, [entry(app)], {
    env: { PATH: process.env['PATH'], OTEL_BSP_SCHEDULE_DELAY: '100', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  const exited = once(child, 'exit')
  const end = async (): Promise<unknown> => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
    return exited.finally(() => clearTimeout(late))
  }
  cleanup.push(end)
  const linesOf = (text: string) => text.split('\n').filter((line) => line.startsWith('{'))
  return { lines: () => linesOf(output).map((line) => JSON.parse(line) as Record<string, unknown>), end }
}

async function startService(env: Record<string, string>) {
  const postgres = await startPostgres()
  cleanup.push(postgres.stop)
  const database = await postgres.createDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'stillhouse-tracing-'))
  cleanup.push(() => rm(folder, { recursive: true, force: true }))
  const url = `http://127.0.0.1:${await freePort()}`
  const shared = { ...env, QUEUE_URL: database.url, WORKER_TOKEN: TOKEN }
  const api = start('api', {
    ...shared,
    PORT: new URL(url).port,
    DATABASE_URL: database.url,
    ARTIFACT_URL: pathToFileURL(join(folder, 'artifacts')).href,
    BOOTSTRAP_API_KEY: KEY,
  })
  await eventually(
    () =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    90_000,
  )
  const scratch = { SCRATCH_DIR: join(folder, 'scratch'), TRAINER_ENTRY: TRAINER }
  const worker = start('worker', { ...shared, ...scratch, API_URL: url })
  return { url, api, worker }
}

const SCRIPT: Script = {
  run: [
    { say: { type: 'progress', progress: progress('teacher') } },
    { say: { type: 'progress', progress: progress('student') } },
    { say: { type: 'progress', progress: progress('export') } },
    { write: { file: 'out/model.json', text: '{"format":"layers-model"}' } },
    { say: { type: 'artifacts', kind: 'export', prefix: 'export/tfjs-layers', dir: 'out' } },
    DONE,
  ],
}

function progress(stage: string) {
  return { stage, stageIndex: 0, stageCount: 3, step: 1, steps: 1, epoch: 1, epochs: 1 }
}

async function runJob(url: string, headers: Record<string, string> = {}): Promise<Job> {
  const authorization = `Bearer ${KEY}`
  const response = await fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      name: 'traced',
      description: JSON.stringify(SCRIPT),
      data: { name: 'optdigits' },
      student: { model: 'mlp' },
      method: { name: 'none' },
      train: { epochs: 1 },
    }),
  })
  expect(response.status).toBe(201)
  const { id } = (await response.json()) as Job
  return eventually(async () => {
    const job = (await (await fetch(`${url}/v1/jobs/${id}`, { headers: { authorization } })).json()) as Job
    return job.finishedAt === null ? undefined : job
  }, 90_000)
}

test('the spans of API and worker make one trace, and every log line about the job carries it', async () => {
  const collector = await startOtlpCollector()
  cleanup.push(collector.close)
  const { url, api, worker } = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const job = await runJob(url, { traceparent: `00-${TRACE}-${CALLER_SPAN}-01`, 'x-request-id': 'from-a-test' })
  expect(job.state).toBe('succeeded')
  const ours = (): CollectedSpan[] => collector.spans.filter(({ traceId }) => traceId === TRACE)
  await eventually(() => ours().some(({ name }) => name === 'attempt'), 20_000)
  const named = (name: string): CollectedSpan => {
    const [span, second] = ours().filter((one) => one.name === name)
    if (span === undefined || second !== undefined) throw new Error(`${name}: ${ours().map((one) => one.name)}`)
    return span
  }

  const request = named('POST /v1/jobs')
  expect(request).toMatchObject({
    parentSpanId: CALLER_SPAN,
    kind: 2,
    resource: { 'service.name': 'stillhouse-api' },
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/v1/jobs',
      'http.response.status_code': 201,
      'stillhouse.request.id': 'from-a-test',
    },
  })
  for (const [name, service] of [
    ['dispatch', 'stillhouse-api'],
    ['hand-over', 'stillhouse-api'],
    ['claim', 'stillhouse-api'],
    ['attempt', 'stillhouse-worker'],
  ] as const)
    expect(named(name)).toMatchObject({
      parentSpanId: request.spanId,
      resource: { 'service.name': service },
      attributes: { 'stillhouse.job.id': job.id, 'stillhouse.attempt': 1 },
      error: undefined,
    })
  const attempt = named('attempt')
  expect(attempt.attributes).toMatchObject({ 'stillhouse.outcome': 'succeeded' })
  for (const name of ['bring data', 'start trainer', 'teacher', 'train', 'export', 'upload']) {
    const part = named(name)
    expect(part.parentSpanId).toBe(attempt.spanId)
    expect(part.startMs).toBeGreaterThanOrEqual(attempt.startMs)
    expect(part.endMs).toBeLessThanOrEqual(attempt.endMs)
  }
  expect(named('train').attributes).toMatchObject({ 'stillhouse.stage': 'student' })
  expect(named('dispatch').endMs).toBeLessThanOrEqual(attempt.startMs)
  const everything = JSON.stringify(collector.spans)
  for (const secret of [KEY, TOKEN, 'layers-model', 'description']) expect(everything).not.toContain(secret)

  const about = (lines: Record<string, unknown>[]) => lines.filter(({ jobId }) => jobId === job.id)
  const submission = api.lines().find(({ requestId, msg }) => requestId === 'from-a-test' && msg === 'request')
  expect(submission).toMatchObject({ jobId: job.id, traceId: TRACE })
  expect(about(api.lines()).find(({ msg }) => msg === 'handed over')).toMatchObject({ attempt: 1, traceId: TRACE })
  const told = about(worker.lines()).map(({ msg }) => msg)
  expect(told).toEqual(['attempt started', 'attempt finished'])
  for (const line of about(worker.lines())) expect(line).toMatchObject({ attempt: 1, traceId: TRACE })
}, 180_000)

test('without a collector a job runs as ever, and no line speaks of a trace', async () => {
  const { url, api, worker } = await startService({})
  const job = await runJob(url)
  expect(job.state).toBe('succeeded')
  for (const line of [...api.lines(), ...worker.lines()]) expect(line).not.toHaveProperty('traceId')
}, 180_000)
