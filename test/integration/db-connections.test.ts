// Connections that come and go: retries, wake-ups and leadership over a PostgreSQL that restarts.
import { setTimeout as sleep } from 'node:timers/promises'
import { createDatabase, createListener, type Database, migrate, startLeaderElection } from '@stillhouse/db'
import { createLogger } from '@stillhouse/kit'
import { startPostgres, type TestDatabase, type TestPostgres } from '@stillhouse/testkit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from './jobs-harness.ts'

const logger = createLogger('test', 'silent')
let postgres: TestPostgres
let template: TestDatabase
let database: TestDatabase
let closing: (() => Promise<void>)[]

beforeAll(async () => {
  postgres = await startPostgres()
  template = await postgres.createDatabase()
  await migrate(template.url)
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  await postgres.start()
  database = await postgres.createDatabase({ template })
  closing = []
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
  await database.drop()
})

function open(retryMs = 10_000): Database {
  const db = createDatabase({ url: database.url, retryMs })
  closing.push(db.close)
  return db
}

/** Cuts the sessions with this application name, as a failing network or an administrator does. */
async function cut(name: string): Promise<number> {
  const client = new pg.Client(postgres.adminUrl)
  await client.connect()
  const { rowCount } = await client.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = $2',
    [database.name, name],
  )
  await client.end()
  return rowCount ?? 0
}

test('a transaction whose connection is cut is done again, once', async () => {
  const db = open()
  let tries = 0
  await db.transaction(async (tx) => {
    tries += 1
    await tx.batches.forget([])
    await tx.workers.insert('00000000-0000-7000-8000-000000000001', {
      name: 'w',
      host: 'h',
      version: 'v',
      slots: 1,
      devices: [],
    })
    if (tries === 1) expect(await cut('stillhouse')).toBeGreaterThan(0)
  })
  expect(tries).toBe(2)
  expect(await db.read((tables) => tables.workers.list())).toHaveLength(1)
})

test('a connection cut before the commit is repeated even for what must not be done twice', async () => {
  const db = open()
  let tries = 0
  const work = db.transaction(
    async (tx) => {
      tries += 1
      if (tries === 1) await cut('stillhouse')
      await tx.workers.list()
    },
    { repeatable: false },
  )
  await work
  expect(tries).toBe(2)
})

test('a connection cut at the commit is reported, not repeated, for what must not be done twice', async () => {
  const db = open()
  let tries = 0
  const work = db.transaction(
    async (tx) => {
      tries += 1
      await tx.workers.list()
      await cut('stillhouse')
    },
    { repeatable: false },
  )
  await expect(work).rejects.toMatchObject({ code: 'service.unavailable', message: expect.stringContaining('unknown') })
  expect(tries).toBe(1)
})

test('an error of the work itself is neither repeated nor wrapped', async () => {
  const db = open()
  let tries = 0
  const fault = new Error('mine')
  const work = db.transaction(async (tx) => {
    tries += 1
    await tx.workers.list()
    throw fault
  })
  await expect(work).rejects.toBe(fault)
  expect(tries).toBe(1)
})

test('a deadlock is resolved by doing the loser again', async () => {
  const db = open()
  const ids = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002']
  const worker = { name: 'w', host: 'h', version: 'v', slots: 1, devices: [] }
  for (const id of ids) await db.transaction((tx) => tx.workers.insert(id, worker))
  let tries = 0
  const lockBoth = (order: string[]) =>
    db.transaction(async (tx) => {
      tries += 1
      for (const id of order) {
        await tx.workers.seen(id, 'active')
        await sleep(150)
      }
    })
  await Promise.all([lockBoth(ids), lockBoth([...ids].reverse())])
  expect(tries).toBeGreaterThan(2)
})

test('a database that stays away becomes a clear error after the time allowed', async () => {
  const db = open(400)
  await db.ping()
  await postgres.halt()
  const started = Date.now()
  await expect(db.read((tables) => tables.workers.list())).rejects.toMatchObject({
    code: 'service.unavailable',
    status: 503,
  })
  expect(Date.now() - started).toBeLessThan(5000)
  await postgres.start()
  expect(await db.read((tables) => tables.workers.list())).toEqual([])
})

test('a listener hears what others say, and hears again after its connection was cut', async () => {
  const db = open()
  const listener = createListener({ url: database.url, logger, pollMs: 100 })
  closing.push(listener.close)
  const heard: (string | null)[] = []
  let wokenWhenBack = false
  const stop = listener.on('job', (payload) => {
    heard.push(payload)
    wokenWhenBack = payload === null && listener.connected()
  })
  listener.on('work', () => heard.push('work'))
  await eventually(() => listener.connected())
  heard.length = 0
  await db.transaction((tx) => tx.signals.jobs(['a', 'b']))
  await db.transaction((tx) => tx.signals.work())
  await eventually(() => heard.length === 3)
  expect(heard).toEqual(['a', 'b', 'work'])
  expect(await cut('stillhouse-listen')).toBe(1)
  await eventually(() => !listener.connected())
  await eventually(() => listener.connected())
  await eventually(() => wokenWhenBack) // what was said in between was not heard
  heard.length = 0
  stop()
  await db.transaction((tx) => tx.signals.jobs(['c']))
  await db.transaction((tx) => tx.signals.work())
  await eventually(() => heard.length > 0)
  expect(heard).toEqual(['work'])
})

test('a signal in a transaction that is rolled back is not heard', async () => {
  const db = open()
  const listener = createListener({ url: database.url, logger })
  closing.push(listener.close)
  const heard: (string | null)[] = []
  await eventually(() => listener.connected())
  listener.on('job', (payload) => heard.push(payload))
  const failing = db.transaction(async (tx) => {
    await tx.signals.jobs(['a'])
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  await db.transaction((tx) => tx.signals.jobs(['b']))
  await eventually(() => heard.length > 0)
  expect(heard).toEqual(['b'])
})

test('while a listener cannot connect it wakes everybody regularly', async () => {
  await postgres.halt()
  const listener = createListener({ url: database.url, logger, pollMs: 50 })
  closing.push(listener.close)
  let wakes = 0
  listener.on('job', (payload) => {
    if (payload === null) wakes += 1
  })
  await eventually(() => wakes >= 3)
  expect(listener.connected()).toBe(false)
  await postgres.start()
})

test('of three candidates one leads, and when it ends another follows', async () => {
  const terms: { name: string; signal: AbortSignal }[] = []
  const stand = (name: string) => {
    const work = (signal: AbortSignal): Promise<void> => {
      terms.push({ name, signal })
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    }
    const election = startLeaderElection({ url: database.url, logger, work, retryMs: 50 })
    closing.push(election.close)
    return election
  }
  const elections = new Map(['a', 'b', 'c'].map((name) => [name, stand(name)]))
  await eventually(() => terms.length > 0)
  await sleep(300)
  expect(terms).toHaveLength(1)
  const [first] = terms
  expect([...elections.values()].filter((election) => election.isLeader())).toHaveLength(1)
  await elections.get(first?.name ?? '')?.close()
  expect(first?.signal.aborted).toBe(true)
  await eventually(() => terms.length === 2)
  expect(terms[1]?.name).not.toBe(first?.name)
})

test('a leader whose connection is cut is told at once and leads again later', async () => {
  const terms: AbortSignal[] = []
  const work = (signal: AbortSignal): Promise<void> => {
    terms.push(signal)
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  }
  const election = startLeaderElection({ url: database.url, logger, work, retryMs: 50 })
  closing.push(election.close)
  await eventually(() => election.isLeader())
  await cut('stillhouse-leader')
  await eventually(() => terms[0]?.aborted)
  await eventually(() => terms.length === 2 && election.isLeader())
  await postgres.restart()
  await eventually(() => terms.length === 3 && election.isLeader())
})
