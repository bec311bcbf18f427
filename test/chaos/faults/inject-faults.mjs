// Carries out the plan: waits until a fault is due, picks who is hit, takes the fault away, and measures how long it is
// until everything that was hit is at work again.
import { setTimeout as sleep } from 'node:timers/promises'
import { pick } from './plan-faults.mjs'

const TICK_MS = 250
const LEAST_GAP_MS = 1000
const MOST_GAP_MS = 15_000
/** A kind that finds nobody to hit for so long is given up. */
const PATIENCE_MS = 30_000
const AT_ONCE = 3
/** A fault that is not over after so long was not survived. */
const RECOVERY_MS = 120_000

/**
 * @typedef {{kind: string, target: string | null, atSeconds: number, outageSeconds: number, heldJobs: number,
 *   recoverySeconds: number | null, note?: string}} FaultRecord
 *   `target` is null for a fault that found nobody to hit; `recoverySeconds` counts from the strike, null: not survived
 *
 * @typedef {object} Arena
 * @property {import('../cluster/start-cluster.mjs').Cluster} cluster
 * @property {() => readonly import('../cluster/ledger.mjs').JobNow[]} jobs as last seen
 * @property {() => number} share of the jobs that are finished, 0 to 1
 * @property {AbortSignal} signal ends it
 * @property {(line: string) => void} say
 */

/** @param {readonly import('./plan-faults.mjs').PlannedFault[]} plan @param {Arena} arena @returns {Promise<FaultRecord[]>} */
export async function injectFaults(plan, arena) {
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  /** @type {Set<string>} */
  const hit = new Set()
  /** @type {Set<Promise<void>>} */
  const underWay = new Set()
  /** @type {FaultRecord[]} */
  const records = []
  let last = Number.NEGATIVE_INFINITY

  for (const [i, planned] of plan.entries()) {
    await until(() => isDue(i / plan.length), arena.signal)
    const hindrance = planned.kind.hindrance?.(arena.cluster) ?? null
    const target = hindrance === null ? await findTarget(planned) : null
    const atSeconds = seconds()
    last = performance.now()
    if (target === null) {
      records.push({ ...recordOf(planned, null, atSeconds), note: hindrance ?? 'nobody to hit' })
      continue
    }
    hit.add(target)
    const task = sufferFault(planned, { target, atSeconds, arena }).then((record) => {
      records.push(record)
      hit.delete(target)
      underWay.delete(task)
    })
    underWay.add(task)
  }
  await Promise.all(underWay)
  return records.sort((a, b) => a.atSeconds - b.atSeconds)

  /** @param {number} share of the jobs that should be finished by now */
  function isDue(share) {
    const gap = performance.now() - last
    return underWay.size < AT_ONCE && gap > LEAST_GAP_MS && (arena.share() >= share || gap > MOST_GAP_MS)
  }

  /** @param {import('./plan-faults.mjs').PlannedFault} planned */
  async function findTarget({ kind, chance }) {
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const free = kind.targets(arena.cluster, arena.jobs()).filter((name) => !hit.has(name))
      const target = pick(free, chance)
      if (target !== undefined) return target
      if (performance.now() > end || arena.signal.aborted) return null
      await sleep(TICK_MS)
    }
  }
}

/** @param {import('./plan-faults.mjs').PlannedFault} planned @param {string | null} target @param {number} atSeconds @returns {FaultRecord} */
function recordOf({ kind, seconds }, target, atSeconds) {
  return { kind: kind.name, target, atSeconds, outageSeconds: seconds, heldJobs: 0, recoverySeconds: null }
}

/**
 * @param {import('./plan-faults.mjs').PlannedFault} planned
 * @param {{target: string, atSeconds: number, arena: Arena}} scene
 * @returns {Promise<FaultRecord>}
 */
async function sufferFault(planned, { target, atSeconds, arena }) {
  const { kind, seconds } = planned
  const { cluster, say } = arena
  const record = recordOf(planned, target, atSeconds)
  const began = performance.now()
  const held = arena.jobs().filter(({ worker }) => worker === target)
  const heal = await kind.strike(cluster, target)
  if (heal === null) return { ...record, target: null, note: 'gone before it was hit' }
  say(`${kind.name}: ${target}${seconds > 0 ? `, for ${seconds.toFixed(1)} s` : ''}`)
  await sleep(seconds * 1000)
  await heal()
  const healed = { at: Date.now(), jobs: arena.jobs() }
  const isOver = async () => movedOn(held, healed.jobs, arena.jobs()) && (await kind.back(cluster, target, healed.at))
  const survived = await until(() => isOver().catch(() => false), arena.signal, RECOVERY_MS)
  const recoverySeconds = survived ? (performance.now() - began) / 1000 : null
  say(`${kind.name}: ${target} ${survived ? `recovered after ${recoverySeconds?.toFixed(1)} s` : 'did NOT recover'}`)
  return { ...record, heldJobs: held.length, recoverySeconds }
}

/**
 * Whether every job that the victim held is done, goes on in a later attempt, or went on where it was.
 * @param {readonly import('../cluster/ledger.mjs').JobNow[]} held
 * @param {readonly import('../cluster/ledger.mjs').JobNow[]} healed when the fault was taken away
 * @param {readonly import('../cluster/ledger.mjs').JobNow[]} now
 */
export function movedOn(held, healed, now) {
  return held.every((before) => {
    const job = now.find(({ id }) => id === before.id)
    const then = healed.find(({ id }) => id === before.id) ?? before
    if (job === undefined) return false
    if (job.state !== 'running') return job.state !== 'queued' && job.state !== 'dispatched'
    return job.attempt > before.attempt || job.eventSeq > then.eventSeq
  })
}

/**
 * @param {() => boolean | Promise<boolean>} condition
 * @param {AbortSignal} signal ends the waiting
 * @param {number} [ms] longest
 * @returns {Promise<boolean>} what it waited for has come
 */
async function until(condition, signal, ms = Number.POSITIVE_INFINITY) {
  const end = performance.now() + ms
  for (;;) {
    if (await condition()) return true
    if (signal.aborted || performance.now() > end) return false
    await sleep(TICK_MS)
  }
}
