// How the dispatcher and those who ask about the queue fare as it grows: 10, 10,000 and 100,000 waiting jobs of three teams,
// 200 workers with a free slot each. In this process and without HTTP, so that nothing else is measured.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { createArtifactStore } from '../../../packages/artifacts/dist/index.js'
import { createDatabase, migrate } from '../../../packages/db/dist/index.js'
import { assembleJobService, DEFAULT_SETTINGS, dispatch } from '../../../packages/jobs/dist/index.js'
import { createLogger } from '../../../packages/kit/dist/index.js'
import { parseJobSpec } from '../../../packages/spec/dist/index.js'
import { startPostgres } from '../../../packages/testkit/dist/index.js'
import { fillQueue, JOB } from '../job.mjs'
import { summary } from '../statistics.mjs'

const WORKERS = 200
const TEAMS = ['grow-a', 'grow-b', 'grow-c']
const ADMIN = {
  keyId: '00000000-0000-7000-8000-00000000000a',
  keyName: 'load',
  scopes: ['admin'],
  teamId: null,
  requestId: 'load',
}
/** The hand-out only writes to the outbox; nobody relays it here. */
const NO_QUEUE = { close: async () => undefined }

/** @param {{quick: boolean, say: (text: string) => void}} context */
export async function growth({ quick, say }) {
  const rounds = quick ? 5 : 25
  const sizes = []
  const house = await open()
  try {
    for (const queued of quick ? [10, 1000] : [10, 10_000, 100_000]) {
      sizes.push({ queued, ...(await measure(house, { queued, rounds })) })
      say(JSON.stringify(sizes.at(-1)))
    }
  } finally {
    await house.close()
  }
  return { workers: WORKERS, teams: TEAMS.length, rounds, sizes }
}

async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-load-'))
  const postgres = await startPostgres()
  const { url } = await postgres.createDatabase()
  await migrate(url)
  const context = {
    db: createDatabase({ url, connections: 4 }),
    queue: NO_QUEUE,
    artifacts: createArtifactStore(pathToFileURL(folder).href),
    settings: { ...DEFAULT_SETTINGS, overviewMs: 0 },
    logger: createLogger('load', 'silent'),
  }
  const service = assembleJobService(context, url)
  const database = new pg.Client(url)
  await database.connect()
  const admin = service.as(ADMIN)
  for (const name of TEAMS) await admin.createTeam({ name })
  const team = await admin.inTeam(TEAMS[0])
  for (let n = 0; n < WORKERS; n += 1)
    await service.registerWorker({ name: `g${n}`, host: 'load', version: '0.1.0', slots: 1, devices: [] })
  const close = async () => {
    await database.end()
    await service.close()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { context, service, database, admin, team, close }
}

async function measure(house, { queued, rounds }) {
  const { context, database, admin } = house
  await database.query('TRUNCATE job CASCADE')
  const { id } = await submit(house)
  await fillQueue(database, { id, teams: TEAMS, count: queued - 1 })
  await database.query('VACUUM ANALYZE job')
  const dispatchMs = []
  for (let round = 0; round < rounds; round += 1) {
    await database.query('UPDATE worker SET last_seen_at = clock_timestamp()')
    dispatchMs.push(await timed(() => dispatch(context)))
    await takeBack(database)
  }
  const of = async (work) => {
    const times = []
    for (let round = 0; round < rounds; round += 1) times.push(await timed(work))
    return summary(times)
  }
  return {
    dispatchMs: summary(dispatchMs),
    getJobMs: await of(() => admin.getJob(id)),
    getQueueMs: await of(() => admin.showQueue({ limit: 50 })),
    submitMs: await of(() => submit(house)),
  }
}

/** As if nothing had been handed out. */
async function takeBack(database) {
  await database.query('DELETE FROM outbox')
  await database.query('DELETE FROM job_attempt')
  await database.query("UPDATE job SET state = 'queued', attempt = 0, worker_id = NULL WHERE state = 'dispatched'")
}

async function submit({ team }) {
  const parsed = parseJobSpec(JOB)
  return (await team.submit({ spec: parsed.spec, bodyHash: '0'.repeat(64) })).job
}

/** @param {() => Promise<unknown>} work @returns {Promise<number>} milliseconds */
async function timed(work) {
  const started = performance.now()
  await work()
  return performance.now() - started
}
