// The same jobs with nobody disturbing them: what they give is what all others must give.
import { setTimeout as sleep } from 'node:timers/promises'
import { waitUntil } from '@stillhouse/testkit'
import { JOBS } from '../jobs.mjs'
import { fingerprint } from './fingerprint.mjs'

const LONGEST_SECONDS = 600
const MOST_TRIES = 3
/** Jobs that train should not compete with questions about them. */
const TICK_MS = 500

/**
 * @param {import('@stillhouse/client').Client} client
 * @param {number} kinds how many of the distinct jobs
 * @returns {Promise<import('./evidence.mjs').Reference[]>} by kind
 * @throws when one of them does not succeed at its first attempt
 */
export async function runReferences(client, kinds) {
  // the first trains the teacher that all others then find ready, so that their metrics begin alike
  await runUndisturbed(client, { ...JOBS[0], train: { ...JOBS[0]?.train, steps: 1 } })
  return Promise.all(
    JOBS.slice(0, kinds).map(async (spec) => {
      return fingerprint(client, await runUndisturbed(client, spec))
    }),
  )
}

/**
 * An overloaded machine disturbs by itself; a job that shows it is no reference, and another is run.
 * @param {import('@stillhouse/client').Client} client
 * @param {object} spec
 * @returns {Promise<string>} id of the job
 */
async function runUndisturbed(client, spec) {
  for (let tries = 1; ; tries += 1) {
    const end = await runOnce(client, spec)
    if (end.state === 'succeeded' && end.attempt === 1) return end.id
    if (tries < MOST_TRIES) continue
    const how = `it ${end.state} at attempt ${end.attempt}: ${JSON.stringify(end.failure)}`
    throw new Error(`The undisturbed job ${end.name} should succeed at its first attempt; ${how}`)
  }
}

/** @param {import('@stillhouse/client').Client} client @param {object} spec */
async function runOnce(client, spec) {
  const { job } = await client.submitJob(/** @type {any} */ (spec))
  const isFinal = async () => {
    await sleep(TICK_MS)
    const now = await client.getJob(job.id)
    return ['succeeded', 'failed', 'cancelled'].includes(now.state) && now
  }
  return waitUntil(`the undisturbed job ${job.name}`, isFinal, LONGEST_SECONDS)
}
