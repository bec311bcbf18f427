// Every kind of disagreement between database, queue, workers and artifact store: found, mended, written down, and not found
// again. docs/consistency.md tells of each.
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createReconciler, relayOutbox, sweep } from '@stillhouse/jobs'
import type { Claim, MendKind, Reconciliation } from '@stillhouse/spec'
import { beforeEach, describe, expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30, heartbeatSeconds: 30, claimSeconds: 30, staleBlobSeconds: 3600 })

const CLUSTER = {
  keyId: '00000000-0000-7000-8000-00000000000b',
  keyName: 'cluster',
  scopes: ['admin'],
  teamId: null,
  requestId: 'test',
} as const
const TEAM = { ...CLUSTER, teamId: '00000000-0000-7000-8000-000000000001' }

const admin = () => jobs().service.as(CLUSTER)
const reconcile = (request: { dryRun?: boolean; cursor?: string } = {}): Promise<Reconciliation> =>
  admin().reconcile({ dryRun: false, ...request })
const mends = async () => (await admin().listMends({ limit: 100 })).items
const items = async (): Promise<Reconciliation['items']> => (await reconcile()).items

/** What a dry run finds changes nothing; then it is mended, and a second look finds nothing. */
async function mendsOnce(kind: MendKind, targets: string[]): Promise<void> {
  const found = targets.length
  expect(await reconcile({ dryRun: true })).toMatchObject({ items: [{ kind, found, mended: 0, targets }], failed: [] })
  expect(await mends()).toEqual([])
  expect(await reconcile()).toMatchObject({ items: [{ kind, found, mended: found, targets }], failed: [] })
  const told = (await mends()).map((one) => [one.kind, one.target])
  expect(told.toReversed()).toEqual(targets.map((target) => [kind, target]))
  expect(await items()).toEqual([])
}

async function withArtifact(): Promise<Claim & { sha256: string }> {
  const { running, store, service } = jobs()
  const { claim } = await running()
  const files = [await store('report.txt', 'lost'), await store('kept.txt', 'kept')]
  await service.saveArtifacts(claim, { kind: 'report', files })
  return { ...claim, sha256: files[0]?.sha256 ?? '' }
}

/** A file that no row names, and that is not on the list of those to be cleaned away either. */
async function orphan(text: string): Promise<string> {
  const { sha256 } = await jobs().store('x', text)
  await jobs().query('DELETE FROM stale_blob WHERE sha256 = $1', [sha256])
  return sha256
}

/** What a process that died in the middle of an upload leaves. */
async function leftover(): Promise<{ name: string; path: string }> {
  const incoming = join(jobs().folder, 'incoming')
  await mkdir(incoming, { recursive: true })
  await writeFile(join(incoming, 'half'), 'hal')
  return { name: 'half', path: join(incoming, 'half') }
}

describe('between database and queue', () => {
  test('a job that was dispatched but is not in the queue is handed over again', async () => {
    const { submit, worker, handOut, queue, context, query } = jobs()
    await worker()
    const { id } = await submit()
    await handOut()
    queue.held.clear()
    await query("UPDATE job SET handed_over_at = now() - interval '1 minute'")
    await mendsOnce('hand-over.lost', [id])
    expect(queue.held.size).toBe(0)
    await relayOutbox(context)
    expect([...queue.held.values()]).toEqual([{ jobId: id, attempt: 1 }])
  })

  test('a job whose worker does not take it is queued again', async () => {
    const { submit, worker, handOut, service } = jobs()
    const workerId = await worker()
    const { id } = await submit()
    await handOut()
    await service.removeWorker(workerId)
    await mendsOnce('hand-over.stranded', [id])
    expect((await service.getJob(id)).state).toBe('queued')
  })

  test('messages that wait for a worker without being meant for it are taken out, the others stay', async () => {
    const { submit, worker, handOut, queue, context, query } = jobs()
    const workerId = await worker({ slots: 2 })
    const [kept, ended] = [await submit(), await submit()]
    await handOut()
    await query("UPDATE job SET state = 'cancelled' WHERE id = $1", [ended.id])
    const ofElsewhere = { jobId: '0198c0de-0000-7000-8000-000000000000', attempt: 1 }
    await queue.add(ofElsewhere, workerId)
    await queue.add({ jobId: kept.id, attempt: 9 }, workerId)
    await mendsOnce('queue.extra', [ended.id, kept.id, ofElsewhere.jobId].sort())
    await relayOutbox(context)
    expect([...queue.held.values()]).toEqual([{ jobId: kept.id, attempt: 1 }])
  })

  test('a message that was put off beyond all measure is sent at once', async () => {
    const { submit, worker, context, queue, query, handOut } = jobs()
    await worker()
    const { id } = await submit()
    queue.down = true
    await handOut()
    await query("UPDATE outbox SET due_at = now() + interval '1 day'")
    queue.down = false
    expect(await relayOutbox(context)).toBe(0)
    await mendsOnce('outbox.stuck', [id])
    expect(await relayOutbox(context)).toBe(1)
    expect(queue.held.size).toBe(1)
  })

  test('a queue that does not answer fails its checks and no others', async () => {
    const { queue, submit, worker, handOut, query } = jobs()
    await worker()
    await submit()
    await handOut()
    await query("UPDATE job SET handed_over_at = now() - interval '1 minute'")
    queue.down = true
    const { failed, nextCursor } = await reconcile()
    expect(failed.map(({ check }) => check)).toEqual(['hand-overs', 'queues'])
    expect(nextCursor).toBeNull()
  })
})

describe('between database and workers', () => {
  test('a lost attempt and a silent worker are the business of the leader, who writes them down', async () => {
    const { running, context, service, query } = jobs()
    const { id, workerId } = await running()
    await query("UPDATE job SET lease_until = now() - interval '1 second'")
    await query("UPDATE worker SET last_seen_at = now() - interval '10 minutes'")
    const { items } = await reconcile()
    expect(items).toMatchObject([
      { kind: 'lease.expired', found: 1, mended: 0, targets: [id] },
      { kind: 'worker.silent', found: 1, mended: 0, targets: [workerId] },
    ])
    expect((await service.getJob(id)).state).toBe('running')
    await sweep(context)
    expect(await mends()).toMatchObject([
      { kind: 'worker.silent', target: workerId, detail: { worker: 'w1' } },
      {
        kind: 'lease.expired',
        target: id,
        detail: { attempt: 1, became: 'queued', said: expect.stringContaining('w1') },
      },
    ])
    await sweep(context)
    expect(await mends()).toHaveLength(2)
  })
})

describe('between database and store', () => {
  test('an artifact without its file stays on the list, and the job says once what was lost', async () => {
    const { context, service } = jobs()
    const { jobId, sha256 } = await withArtifact()
    await context.artifacts.delete(sha256)
    await mendsOnce('artifact.missing', [jobId])
    expect(await mends()).toMatchObject([{ detail: { path: 'report.txt', sha256 } }])
    expect((await service.listArtifacts(jobId)).map(({ path }) => path)).toEqual(['kept.txt', 'report.txt'])
    const notes = (await service.listEvents(jobId, { after: 0, limit: 100 })).items.filter(
      ({ type }) => type === 'note',
    )
    expect(notes).toMatchObject([
      { data: { message: expect.stringMatching(/report\.txt.*not in the artifact store/) } },
    ])
  })

  test('a checkpoint without one of its files is taken off the list, and its other files with it', async () => {
    const { running, store, service, context, query } = jobs()
    const { id, claim } = await running()
    const [gone, rest, kept] = [await store('a', 'gone'), await store('b', 'rest'), await store('c', 'kept')]
    await service.saveCheckpoint(claim, { stage: 's', step: 1, metricSeq: 0, files: [kept] })
    await service.saveCheckpoint(claim, { stage: 's', step: 2, metricSeq: 0, files: [gone, rest] })
    await context.artifacts.delete(gone.sha256)
    await mendsOnce('checkpoint.missing', [id])
    expect(await query('SELECT step::int FROM checkpoint')).toEqual([{ step: 1 }])
    const soon = "SELECT sha256 FROM stale_blob WHERE due_at < now() + interval '2 hours' ORDER BY sha256"
    expect(await query(soon)).toEqual([gone.sha256, rest.sha256].sort().map((sha256) => ({ sha256 })))
  })

  test('a file that nothing names is marked once it is old enough, and deleted later', async () => {
    const { context, query } = jobs()
    const sha256 = await orphan('of nobody')
    const patient = { ...context, settings: { ...context.settings, orphanSeconds: 60 } }
    let clock = 0
    const step = createReconciler(patient, () => clock)
    clock = 24 * 3_600_000
    for (let part = 0; part < 4; part += 1) await step()
    expect(await mends()).toEqual([])
    await mendsOnce('blob.orphaned', [sha256])
    await sweep(context)
    expect(await context.artifacts.has(sha256)).toBe(true)
    await query("UPDATE stale_blob SET due_at = now() - interval '1 second'")
    await sweep(context)
    expect(await context.artifacts.has(sha256)).toBe(false)
  })

  test('files that rows of any kind name are no orphans', async () => {
    const { running, store, service } = jobs()
    const { claim } = await running()
    const name = async (text: string) => [await store('model.json', text)]
    await service.saveArtifacts(claim, { kind: 'export', files: await name('artifact') })
    await service.saveCheckpoint(claim, { stage: 's', step: 1, metricSeq: 0, files: await name('checkpoint') })
    await service.saveTeacher({ key: 'a'.repeat(64), files: await name('teacher'), metrics: {} })
    await service.saveDataset(await name('dataset'))
    const shape = { inputShape: [1], outputShape: [1], params: 1, size: 5 }
    await service.saveModel({ id: 'b'.repeat(64), format: 'tfjs-layers', ...shape }, await name('model'))
    const sha256 = await orphan('of nobody')
    expect(await items()).toMatchObject([{ kind: 'blob.orphaned', found: 1, targets: [sha256] }])
  })

  test('what an upload that was cut off left behind is deleted after a day', async () => {
    const left = await leftover()
    expect(await items()).toEqual([])
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400
    await utimes(left.path, twoDaysAgo, twoDaysAgo)
    await mendsOnce('upload.abandoned', [left.name])
  })

  test('an empty store is taken for a disk that is not mounted, and nothing is mended', async () => {
    const { context, query } = jobs()
    await withArtifact()
    for (const { sha256 } of await context.artifacts.list('', 10)) await context.artifacts.delete(sha256)
    const { items, failed } = await reconcile()
    expect(items).toEqual([])
    expect(failed).toMatchObject([{ check: 'artifacts', message: expect.stringContaining('ARTIFACT_URL') }])
    expect(await query('SELECT count(*)::int FROM artifact')).toEqual([{ count: 2 }])
  })

  test('so is a store in which none of many files is', async () => {
    const { running, store, service, context } = jobs()
    const { claim } = await running()
    const files = await Promise.all(Array.from({ length: 12 }, (_, i) => store(`f${i}`, `content ${i}`)))
    await service.saveArtifacts(claim, { kind: 'report', files })
    await orphan('something else')
    for (const { sha256 } of files) await context.artifacts.delete(sha256)
    expect(await reconcile()).toMatchObject({ failed: [{ check: 'artifacts' }] })
    expect((await mends()).map(({ kind }) => kind)).toEqual(['blob.orphaned'])
  })
})

describe('the reconciler', () => {
  beforeEach(async () => {
    await orphan('of nobody')
  })

  test('looks at everything by itself after a while, then rests', async () => {
    const { context } = jobs()
    let clock = 0
    const step = createReconciler(context, () => clock)
    await step()
    expect(await mends()).toEqual([])
    clock = 11 * 60_000
    for (let part = 0; part < 4; part += 1) await step()
    expect(await mends()).toMatchObject([{ kind: 'blob.orphaned' }])
    await orphan('of nobody either')
    clock += 5.9 * 3_600_000
    for (let part = 0; part < 4; part += 1) await step()
    expect(await mends()).toHaveLength(1)
    clock += 0.2 * 3_600_000
    for (let part = 0; part < 4; part += 1) await step()
    expect(await mends()).toHaveLength(2)
  })

  test('a walk that cannot go on tries again where it stopped, after some minutes', async () => {
    const { context } = jobs()
    let [clock, away] = [0, true]
    const list = (after: string, limit: number) =>
      away ? Promise.reject(new Error('the store is away')) : context.artifacts.list(after, limit)
    const step = createReconciler({ ...context, artifacts: { ...context.artifacts, list } }, () => clock)
    clock = 11 * 60_000
    for (let part = 0; part < 2; part += 1) await step()
    await expect(step()).rejects.toThrow('the store is away')
    away = false
    await step()
    expect(await mends()).toEqual([])
    clock += 11 * 60_000
    await step()
    expect(await mends()).toMatchObject([{ kind: 'blob.orphaned' }])
  })

  test('goes on from a cursor, and refuses one that it never gave', async () => {
    const from = Buffer.from('leftovers ').toString('base64url')
    expect(await reconcile({ cursor: from })).toMatchObject({ items: [], walked: 0, nextCursor: null })
    for (const wrong of ['artifacts x', 'blobs ../..', 'everything ', 'checkpoints -1'])
      await expect(reconcile({ cursor: Buffer.from(wrong).toString('base64url') })).rejects.toMatchObject({
        code: 'request.invalid',
      })
  })

  test('is the business of the cluster alone, and what it did is recorded', async () => {
    const ofTeam = jobs().service.as(TEAM)
    await expect(ofTeam.reconcile({ dryRun: true })).rejects.toMatchObject({ code: 'auth.forbidden' })
    await expect(ofTeam.listMends({ limit: 1 })).rejects.toMatchObject({ code: 'auth.forbidden' })
    await reconcile({ dryRun: true })
    await reconcile()
    const { items } = await admin().listAudit({ action: 'reconcile', limit: 10 })
    expect(items).toMatchObject([{ target: { kind: 'service' }, detail: { mended: { 'blob.orphaned': 1 } } }])
  })

  test('what was mended is listed newest first, by kind, page by page, for a month', async () => {
    const { context, query } = jobs()
    const kinds = ['queue.extra', 'outbox.stuck', 'queue.extra', 'queue.extra'] as const
    await context.db.transaction((tx) =>
      tx.mends.insert(kinds.map((kind, i) => ({ kind, target: `${i}`, detail: {} }))),
    )
    const page = await admin().listMends({ kind: 'queue.extra', limit: 2 })
    expect(page.items.map(({ target }) => target)).toEqual(['3', '2'])
    const rest = await admin().listMends({ kind: 'queue.extra', limit: 2, cursor: page.nextCursor ?? '' })
    expect([rest.items.map(({ target }) => target), rest.nextCursor]).toEqual([['0'], null])
    await query("UPDATE mend SET at = now() - interval '31 days' WHERE target <> '3'")
    let clock = 0
    const step = createReconciler(context, () => clock)
    clock = 11 * 60_000
    await step()
    expect((await mends()).map(({ target }) => target)).toEqual(['3'])
  })
})
