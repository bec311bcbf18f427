// Backup and restore as an operator does them: the two commands, on a service that works. The time between backup and
// disaster is lost; everything else goes on, ends once, and nobody from the lost time can write into it.
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { migrate } from '@stillhouse/db'
import { createJobService, type JobService } from '@stillhouse/jobs'
import { createLogger } from '@stillhouse/kit'
import type { Job, QueueMessage, StoredFile } from '@stillhouse/spec'
import { startPostgres, type TestDatabase, type TestPostgres } from '@stillhouse/testkit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { startFakeWorker, trainNothing } from './jobs-fleet.ts'
import { eventually, points, reportWith, specWith, type TestService, withMember } from './jobs-harness.ts'

// every command is a process that loads the service
vi.setConfig({ testTimeout: 240_000 })

const run = promisify(execFile)
const LOST_TIME = /attempt/

let postgres: TestPostgres
let migrated: TestDatabase
let root: string
let cleanup: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  migrated = await postgres.createDatabase()
  await migrate(migrated.url)
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stillhouse-backup-'))
})
afterEach(async () => {
  for (const step of cleanup.toReversed()) await step()
  cleanup = []
  await rm(root, { recursive: true })
})

interface Site {
  readonly database: TestDatabase
  readonly env: { readonly DATABASE_URL: string; readonly ARTIFACT_URL: string }
  service: TestService
  /** Starts what an API does behind its routes. */
  open(): Promise<JobService>
  close(): Promise<void>
  submit(priority?: number): Promise<Job>
  blob(path: string, text: string): Promise<StoredFile>
  /** An artifact, without a worker that would have to make it. */
  artifact(jobId: string, text: string): Promise<StoredFile>
}

/** Database and store of an installation that worked already. */
async function newSite(name: string): Promise<Site> {
  return siteOn(await postgres.createDatabase({ template: migrated }), name)
}

/** One that holds nothing yet. */
async function emptySite(name: string): Promise<Site> {
  return siteOn(await postgres.createDatabase(), name)
}

function siteOn(database: TestDatabase, name: string): Site {
  cleanup.push(() => database.drop())
  const env = { DATABASE_URL: database.url, ARTIFACT_URL: pathToFileURL(join(root, name)).href }
  const site = { database, env } as Site
  let opened: JobService | undefined
  cleanup.push(() => site.close())
  return Object.assign(site, {
    async close() {
      await opened?.close()
      opened = undefined
    },
    async open() {
      const service = await createJobService({
        databaseUrl: database.url,
        queueUrl: database.url,
        artifactUrl: env.ARTIFACT_URL,
        leaseSeconds: 600,
        heartbeatSeconds: 2,
        claimSeconds: 5,
        staleBlobSeconds: 0,
        logger: createLogger('test', 'silent'),
      })
      opened = service
      site.service = await withMember(service)
      return service
    },
    submit: async (priority = 50) =>
      (await site.service.submit({ spec: specWith({ priority }), bodyHash: 'a'.repeat(64) })).job,
    async blob(path: string, text: string) {
      const sha256 = hash('sha256', text)
      await site.service.putBlob(sha256, Readable.from([Buffer.from(text)]))
      return { path, sha256, size: Buffer.byteLength(text), contentType: 'application/octet-stream' }
    },
    async artifact(jobId: string, text: string) {
      const file = await site.blob(`export/${text}`, text)
      await query(
        site,
        `INSERT INTO artifact (job_id, path, kind, sha256, size, content_type, attempt)
         VALUES ('${jobId}', '${file.path}', 'export', '${file.sha256}', ${file.size}, '${file.contentType}', 1)`,
      )
      return file
    },
  })
}

async function command(script: 'backup' | 'restore', args: string[], env: Record<string, string>): Promise<string> {
  const { PATH, HOME } = process.env
  const { stdout } = await run(process.execPath, [`infra/scripts/${script}.mjs`, ...args], {
    env: { PATH, HOME, ...env },
  })
  return stdout
}

async function query(site: Site, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(site.database.url)
  await client.connect()
  return client.query(sql).then(
    ({ rows }) => client.end().then(() => rows),
    (error: unknown) => client.end().then(() => Promise.reject(error)),
  )
}

const exportOf = (site: Site) => async (ref: QueueMessage) => {
  const files = [await site.blob('export/tfjs-layers/model.json', `model of ${ref.jobId}`)]
  await site.service.saveArtifacts(ref, { kind: 'export', files })
}

async function registered(site: Site, name: string, slots = 1): Promise<string> {
  const worker = { name, host: 'localhost', version: '0.1.0', slots, devices: [] }
  return (await site.service.registerWorker(worker)).workerId
}

/** Waits until the dispatcher has given the job to the worker, and claims it. */
async function claimed(site: Site, jobId: string, workerId: string): Promise<number> {
  return eventually(async () => {
    await site.service.heartbeat(workerId, { state: 'active', jobs: [] })
    const { state, attempt } = await site.service.getJob(jobId)
    if (state !== 'dispatched') return undefined
    await site.service.claim(jobId, { workerId, attempt })
    return attempt
  }, 60_000)
}

async function finished(site: Site, jobId: string): Promise<Job> {
  return eventually(async () => {
    const job = await site.service.getJob(jobId)
    return job.finishedAt === null ? undefined : job
  }, 60_000)
}

test('what was backed up goes on after a disaster, ends once, and hears nothing of the time that is lost', async () => {
  const before = await newSite('before')
  const service = await before.open()
  await service.start()

  // one job is done, with a model
  const done = await before.submit()
  const early = await registered(before, 'early')
  const doneAttempt = await claimed(before, done.id, early)
  await exportOf(before)({ jobId: done.id, attempt: doneAttempt })
  await before.service.finish(
    { jobId: done.id, attempt: doneAttempt },
    { outcome: 'succeeded', metrics: { accuracy: 1 }, metricSeq: 0 },
  )
  // one runs and has a checkpoint, others wait
  const running = await before.submit(90)
  const first = await claimed(before, running.id, early)
  const ref = { jobId: running.id, attempt: first }
  await before.service.report(ref, reportWith(1, { metrics: points(1, 6) }))
  const checkpoint = await before.blob('weights.bin', 'weights at step 6')
  await before.service.saveCheckpoint(ref, { stage: 'student', step: 6, metricSeq: 6, files: [checkpoint] })
  const waiting = [await before.submit(), await before.submit()]

  expect(await command('backup', [join(root, 'backup')], before.env)).toMatch(/2 blobs \(2 copied, 0 let go/)

  // time that will be lost: the attempt ends, another begins elsewhere, checkpoints move on, a job is sent
  await before.service.removeWorker(early)
  const late = await registered(before, 'late', 4)
  const second = await claimed(before, running.id, late)
  expect(second).toBe(first + 1)
  const ofLostTime = { jobId: running.id, attempt: second }
  for (const step of [8, 9, 10]) {
    const files = [await before.blob('weights.bin', `weights at step ${step}`)]
    await before.service.saveCheckpoint(ofLostTime, { stage: 'student', step, metricSeq: step, files })
  }
  const unknown = await before.submit()
  expect(await command('backup', [join(root, 'later')], before.env)).toContain('backup')

  // the disaster: database and store are gone
  await before.close()
  await rm(join(root, 'before'), { recursive: true })

  const after = await emptySite('after')
  expect(await command('restore', [join(root, 'backup')], after.env)).toMatch(/fenced: 1 jobs .* 3 jobs go on/)
  const restored = await after.open()
  await restored.start()

  // workers of the lost time are told to let go, also once the job runs again
  const { workerId } = await after.service.registerWorker({
    id: late,
    name: 'late',
    host: 'localhost',
    version: '0.1.0',
    slots: 1,
    devices: [],
  })
  expect(workerId).toBe(late)
  const third = await claimed(after, running.id, workerId)
  expect(third).toBeGreaterThan(second)
  for (const stale of [ref, ofLostTime]) {
    await expect(after.service.report(stale, reportWith(9, { metrics: points(7, 9, -1) }))).rejects.toThrow(LOST_TIME)
    expect(await after.service.heartbeat(late, { state: 'active', jobs: [stale] })).toMatchObject({
      jobs: [{ order: 'abandon' }],
    })
  }
  await expect(after.service.getJob(unknown.id)).rejects.toThrow('job')
  // the restored checkpoint is the one of the backup, and is there
  const again = await after.service.claim(running.id, { workerId, attempt: third })
  expect(again.checkpoint).toMatchObject({ step: 6, files: [{ sha256: checkpoint.sha256 }] })
  await after.service.finish({ jobId: running.id, attempt: third }, { outcome: 'handed-back', reason: 'drain' })
  await after.service.removeWorker(workerId)

  const worker = await startFakeWorker({
    service: after.service,
    queueUrl: after.database.url,
    name: 'new',
    slots: 2,
    work: trainNothing(after.service, exportOf(after)),
  })
  cleanup.push(() => worker.stop())
  for (const { id } of [running, ...waiting]) {
    expect(await finished(after, id)).toMatchObject({ state: 'succeeded', failure: null })
    const { items } = await after.service.listMetrics(id, { after: 0, limit: 100 })
    expect(items.map(({ seq }) => seq)).toEqual(points(1, 10).map(({ seq }) => seq))
    expect(items.every(({ value }) => value === 1)).toBe(true)
  }
  const ends = await query(
    after,
    `SELECT job_id, count(*)::int FROM job_event WHERE type = 'state' AND data->>'state' = 'succeeded' GROUP BY job_id`,
  )
  expect(ends.map(({ count }) => count)).toEqual([1, 1, 1, 1])
  const model = await after.service.getArtifact(done.id, 'export/tfjs-layers/model.json')
  const { stream } = await after.service.getBlob(model.sha256)
  expect((await buffer(stream)).toString()).toBe(`model of ${done.id}`)
})

test('a restore is refused by a database that holds something, and fencing by one that an API works on', async () => {
  const site = await newSite('site')
  await (await site.open()).start()
  await site.submit()
  await command('backup', [join(root, 'backup')], site.env)
  await expect(command('restore', [join(root, 'backup')], site.env)).rejects.toThrow(/holds tables already/)
  await eventually(async () => (await query(site, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")).length > 0)
  await expect(command('restore', ['--fence'], site.env)).rejects.toThrow(/an API works on this database/)
})

test('the second backup copies what is new, and one that was cut off is not restored', async () => {
  const site = await newSite('site')
  await site.open()
  const folder = join(root, 'backup')
  const { id } = await site.submit()
  await site.artifact(id, 'first')
  expect(await command('backup', [folder], site.env)).toContain('1 blobs (1 copied')
  await site.artifact(id, 'second')
  await sleep(1100) // names of backups have seconds
  expect(await command('backup', [folder], site.env)).toContain('2 blobs (1 copied')
  const [first = '', second = ''] = (await readdir(folder)).filter((name) => name !== 'blobs').sort()
  await rm(join(folder, second, 'manifest.json'))
  const other = await emptySite('other')
  expect(await command('restore', [folder], other.env)).toContain(`restored ${first}`)
})

test('a blob that the store has lost or holds damaged is told, and is no reason to do without all others', async () => {
  const site = await newSite('site')
  await site.open()
  const { id } = await site.submit()
  const { sha256 } = await site.artifact(id, 'bad')
  const good = await site.artifact(id, 'good')
  const files = await readdir(join(root, 'site'), { recursive: true })
  const bad = join(root, 'site', files.find((file) => file.endsWith(`/${sha256}`)) ?? '')
  const told = new RegExp(`holds damaged, 1 blobs[\\s\\S]*${sha256}`)
  await writeFile(bad, 'something else')
  await expect(command('backup', [join(root, 'backup')], site.env)).rejects.toThrow(told)
  await rm(bad)
  await expect(command('backup', [join(root, 'again')], site.env)).rejects.toThrow(told)
  const other = await emptySite('other')
  expect(await command('restore', [join(root, 'again')], other.env)).toContain('without 1 blobs')
  await other.open()
  expect(await other.service.hasBlob(good.sha256)).toBe(true)
})

test('an older schema is restored as it was, and then brought up to date', async () => {
  const site = await newSite('site')
  await site.open()
  const folder = join(root, 'backup')
  await command('backup', [folder], site.env)
  const [name = ''] = (await readdir(folder)).filter((entry) => entry !== 'blobs')
  const manifestFile = join(folder, name, 'manifest.json')
  const { default: manifest } = await import(pathToFileURL(manifestFile).href, { with: { type: 'json' } })
  await writeFile(manifestFile, JSON.stringify({ ...manifest, migrations: [...manifest.migrations, '9999_later'] }))
  const other = await emptySite('other')
  await expect(command('restore', [folder], other.env)).rejects.toThrow(/newer version: migration 9999_later/)
  // the tables of the first version held nothing that the last ones do not
  const old = { ...manifest, migrations: manifest.migrations.slice(0, 1), tables: [] }
  await writeFile(manifestFile, JSON.stringify(old))
  await command('restore', [folder], other.env)
  expect(await query(other, 'SELECT count(*)::int FROM _prisma_migrations')).toEqual([
    { count: manifest.migrations.length },
  ])
})
