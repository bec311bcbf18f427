// The users of the run: keep a few jobs waiting until all are sent, and watch how far they are. A submission that got no
// answer is sent again under its Idempotency-Key.
import { setTimeout as sleep } from 'node:timers/promises'
import { patiently } from './patiently.mjs'

const TICK_MS = 250
/** Jobs that are sent and not finished. */
const AHEAD = 14
const FINAL = ['succeeded', 'failed', 'cancelled']

/**
 * @typedef {{key: string, kind: number, spec: object}} WantedJob
 * @typedef {{key: string, kind: number, team: import('./teams.mjs').TeamMember, id: string}} SentJob
 */

/**
 * @param {import('./start-cluster.mjs').Cluster} cluster
 * @param {{wanted: readonly WantedJob[], teams: readonly import('./teams.mjs').TeamMember[], signal: AbortSignal}} options
 */
export function driveJobs({ ledger }, { wanted, teams, signal }) {
  /** @type {import('./ledger.mjs').JobNow[]} */
  let now = []
  /** @type {SentJob[]} */
  const sent = []
  /** @type {Set<string>} */
  const ids = new Set()
  const finished = () => now.filter(({ state }) => FINAL.includes(state)).length
  const isOver = () => finished() === wanted.length || signal.aborted

  const watch = async () => {
    while (!isOver()) {
      // the database may be away: then what was seen last still stands
      const seen = await ledger.jobs().catch(() => null)
      now = seen === null ? now : seen.filter(({ id }) => ids.has(id))
      await sleep(TICK_MS)
    }
  }
  const send = async () => {
    for (const [i, { key, kind, spec }] of wanted.entries()) {
      while (sent.length - finished() >= AHEAD && !signal.aborted) await sleep(TICK_MS)
      if (signal.aborted) return
      const team = /** @type {import('./teams.mjs').TeamMember} */ (teams[i % teams.length])
      const { job } = await patiently(() => team.client.submitJob(/** @type {any} */ (spec), { idempotencyKey: key }))
      sent.push({ key, kind, team, id: job.id })
      ids.add(job.id)
    }
  }
  return {
    jobs: () => now,
    sent,
    finished,
    share: () => finished() / wanted.length,
    /** Resolves when all are finished, or at the signal. */
    done: Promise.all([watch(), send()]).then(() => {}),
  }
}
