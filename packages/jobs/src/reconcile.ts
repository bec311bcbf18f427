// Looks at everything now, because an administrator asks. What only the leader may judge – whether a worker is silent, or
// it was the service that was away – is looked at but left to the leader.
import type { NewMend } from '@stillhouse/db'
import type { MendKind, Reconciliation } from '@stillhouse/spec'
import { assertCluster } from './caller.ts'
import { expireLeases } from './expire-leases.ts'
import type { JobContext } from './job-context.ts'
import type { Caller, ReconcileRequest } from './job-service.ts'
import type { MendOptions } from './mend.ts'
import { mendOutbox } from './mend-outbox.ts'
import { mendQueues } from './mend-queues.ts'
import { noCursor } from './page-cursor.ts'
import { record } from './record.ts'
import { recoverHandOvers } from './recover-hand-overs.ts'
import { retireWorkers } from './retire-workers.ts'
import { type Place, partAfter, WALK_PARTS, WALK_START, walkOn } from './walk-store.ts'

type Check = (context: JobContext, options: MendOptions) => Promise<NewMend[]>
type Report = Pick<Reconciliation, 'walked' | 'failed' | 'nextCursor'> & { items: Map<MendKind, Item> }
type Item = Reconciliation['items'][number]

/** Whoever waits for the answer has no more patience than this. */
const LONGEST_MS = 15_000
const TARGETS_SHOWN = 20
const FOR_THE_LEADER: Readonly<Record<string, Check>> = { leases: expireLeases, workers: retireWorkers }
const CHECKS: Readonly<Record<string, Check>> = {
  outbox: mendOutbox,
  'hand-overs': recoverHandOvers,
  queues: mendQueues,
}

/** @throws ApiError auth.forbidden for a key of a team, request.invalid for a cursor that no call gave */
export async function reconcile(
  context: JobContext,
  caller: Caller,
  request: ReconcileRequest,
): Promise<Reconciliation> {
  assertCluster(caller, 'may reconcile')
  const { dryRun, cursor } = request
  const start = cursor === undefined ? WALK_START : placeOf(cursor)
  const report: Report = { items: new Map(), walked: 0, failed: [], nextCursor: null }
  if (cursor === undefined) await check(context, report, dryRun)
  await walk(context, report, { start, dryRun })
  const items = [...report.items.values()]
  if (!dryRun) await recordIt(context, caller, items)
  return { ...report, dryRun, items }
}

async function check(context: JobContext, report: Report, dryRun: boolean): Promise<void> {
  const one = async (name: string, make: Check, onlyLook: boolean): Promise<void> => {
    try {
      add(report, await make(context, { dryRun: onlyLook }), onlyLook)
    } catch (error) {
      report.failed.push({ check: name, message: textOf(error) })
    }
  }
  for (const [name, make] of Object.entries(FOR_THE_LEADER)) await one(name, make, true)
  for (const [name, make] of Object.entries(CHECKS)) await one(name, make, dryRun)
}

async function walk(
  context: JobContext,
  report: Report,
  { start, dryRun }: { start: Place; dryRun: boolean },
): Promise<void> {
  const deadline = Date.now() + LONGEST_MS
  const step = async (from: Place): Promise<Place | null> => {
    try {
      const { found, walked, next } = await walkOn(context, from, { dryRun })
      add(report, found, dryRun)
      report.walked += walked
      return next
    } catch (error) {
      report.failed.push({ check: from.part, message: textOf(error) })
      return partAfter(from.part)
    }
  }
  let place: Place | null = start
  while (place !== null && Date.now() < deadline) place = await step(place)
  report.nextCursor = place && Buffer.from(`${place.part} ${place.after}`).toString('base64url')
}

function add(report: Report, found: readonly NewMend[], onlyLooked: boolean): void {
  for (const { kind, target } of found) {
    const { found: before = 0, mended = 0, targets = [] } = report.items.get(kind) ?? {}
    report.items.set(kind, {
      kind,
      found: before + 1,
      mended: onlyLooked ? mended : mended + 1,
      targets: targets.length < TARGETS_SHOWN ? [...targets, target] : targets,
    })
  }
}

const AFTER: Readonly<Record<Place['part'], RegExp>> = {
  artifacts: /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[A-Za-z0-9._/-]{1,400})?$/,
  checkpoints: /^\d{0,15}$/,
  blobs: /^([0-9a-f]{64})?$/,
  leftovers: /^$/,
}

function placeOf(cursor: string): Place {
  const [name = '', after = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const part = WALK_PARTS.find((known) => known === name)
  if (part === undefined || !AFTER[part].test(after)) throw noCursor(cursor, 'a reconciliation')
  return { part, after }
}

async function recordIt({ db }: JobContext, caller: Caller, items: readonly Item[]): Promise<void> {
  const mended = Object.fromEntries(items.map(({ kind, mended }) => [kind, mended]))
  const target = { kind: 'service', id: 'reconciler' } as const
  await db.transaction((tx) => record(tx, caller, { action: 'reconcile', target, teamId: null, detail: { mended } }))
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
