// One example as a user meets it: submitted as the text of its file, followed to its verdict, its exports downloaded.
import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { ApiProblem } from '@stillhouse/client'

/** Seconds on two cores: what the examples of methods promise, and what others may take. */
const LIMITS = { methods: 120, others: 600 }

/** @param {string} file relative to examples/ */
export function limitOf(file) {
  return file.startsWith('methods/') ? LIMITS.methods : LIMITS.others
}

/** @typedef {import('@stillhouse/client').Client} Client */
/** @typedef {{id: string} | {refused: readonly string[]}} Submitted */

/**
 * A file of several jobs gives as many, by their names; one that is refused gives one.
 * @param {Pick<Client, 'submitJob' | 'submitJobGraph'>} client
 * @param {string} name of the file
 * @param {string} yaml
 * @returns {Promise<{name: string, submitted: Submitted}[]>}
 */
export async function submitExample(client, name, yaml) {
  const text = /** @type {const} */ ({ body: yaml, contentType: 'application/yaml' })
  try {
    if (!/^jobs:/m.test(yaml)) return [{ name, submitted: { id: (await client.submitJob(text)).job.id } }]
    const { jobs } = await client.submitJobGraph(text)
    return Object.entries(jobs).map(([own, { id }]) => ({ name: `${name}/${own}`, submitted: { id } }))
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    const { faults, message } = error
    const lines = faults.map(({ path, message: what, expected }) => `${path}: ${what}; expected ${expected}`)
    return [{ name, submitted: { refused: lines.length > 0 ? lines : [message] } }]
  }
}

/**
 * Waits for the end, cancelling what takes too long.
 * @param {Pick<Client, 'getJob' | 'cancelJob' | 'listArtifacts' | 'downloadArtifact'>} client
 * @param {Submitted} submitted
 * @param {number} limit seconds that it may run
 * @returns {Promise<Omit<import('./example-table.mjs').Outcome, 'name'>>}
 */
export async function finishExample(client, submitted, limit) {
  if ('refused' in submitted)
    return { state: 'refused', verdict: null, seconds: null, accuracy: null, files: 0, problems: submitted.refused }
  const { job, late } = await finished(client, submitted.id, limit)
  const pulled = job.state === 'succeeded' ? await pullExports(client, job.id) : { files: 0, problems: [] }
  return {
    state: job.state,
    verdict: job.verdict,
    seconds: secondsOf(job),
    accuracy: job.result?.metrics['accuracy'] ?? null,
    files: pulled.files,
    problems: [
      ...(late ? [`did not end within ${limit} s`] : []),
      ...(job.failure ? [`${job.failure.code}: ${job.failure.message}`] : []),
      ...missedGates(job),
      ...pulled.problems,
    ],
  }
}

/** @param {import('@stillhouse/spec').Job} job */
function missedGates({ result }) {
  const missed = (result?.gates ?? []).filter(({ passed }) => !passed)
  return missed.map(({ metric, condition, actual }) => `${metric} ${condition}: received ${actual ?? 'nothing'}`)
}

/** @param {import('@stillhouse/spec').Job} job */
function secondsOf({ startedAt, finishedAt }) {
  return startedAt === null || finishedAt === null ? null : (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000
}

/** @param {Pick<Client, 'getJob' | 'cancelJob'>} client @param {string} id @param {number} limit */
async function finished(client, id, limit) {
  const asked = Date.now()
  for (let late = false; ; await setTimeout(500)) {
    const job = await client.getJob(id)
    if (job.finishedAt !== null) return { job, late: late || (secondsOf(job) ?? 0) > limit }
    // those before it have ended, so what waits that long waits for ever
    const since = job.startedAt === null ? asked : Date.parse(job.startedAt)
    if (late || Date.now() - since <= limit * 1000) continue
    late = true
    await client.cancelJob(id)
  }
}

/** @param {Pick<Client, 'listArtifacts' | 'downloadArtifact'>} client @param {string} id */
async function pullExports(client, id) {
  const exported = (await client.listArtifacts(id)).filter(({ kind }) => kind === 'export')
  const problems = exported.length === 0 ? ['nothing was exported'] : []
  for (const { path, sha256 } of exported) {
    const { stream } = await client.downloadArtifact(id, path)
    const hash = createHash('sha256')
    for await (const chunk of stream) hash.update(chunk)
    const received = hash.digest('hex')
    if (received !== sha256) problems.push(`${path}: expected sha256 ${sha256}, received ${received}`)
  }
  return { files: exported.length, problems }
}
