// Ten thousand jobs of three teams, 200 simulated workers: how long a free slot waits for its next job, and how near the
// teams come to the shares that their weights promise.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { fillQueue, JOB } from '../job.mjs'
import { addTeam, WORKER_TOKEN } from '../stack.mjs'
import { summary } from '../statistics.mjs'

const WEIGHTS = { one: 1, two: 2, three: 3 }

/** @param {import('../stack.mjs').Stack} stack @param {{quick: boolean, say: (text: string) => void}} context */
export async function shares(stack, { quick, say }) {
  const size = quick ? { queued: 600, workers: 20, seconds: 20 } : { queued: 10_000, workers: 200, seconds: 120 }
  const teams = []
  for (const [name, weight] of Object.entries(WEIGHTS)) teams.push(await addTeam(stack, name, weight))
  const database = new pg.Client(stack.databaseUrl)
  await database.connect()
  const { job } = await teams[0].client.submitJob(JOB)
  await fillQueue(database, { id: job.id, teams: Object.keys(WEIGHTS), count: size.queued - 1 })
  const result = await runFleet(stack, { ...size, say })
  const used = await usage(database)
  await database.end()
  return { ...size, weights: WEIGHTS, ...result, shares: used, shareError: shareError(used) }
}

async function runFleet(stack, { workers, seconds, say }) {
  const options = { url: stack.url, token: WORKER_TOKEN, queueUrl: stack.queueUrl, workers, holdMs: 8000 }
  const fleet = fork(fileURLToPath(new URL('../fleet.mjs', import.meta.url)), [JSON.stringify(options)], {
    silent: true,
  })
  fleet.stderr?.pipe(process.stderr)
  let last = { finished: 0, faults: 0, turnarounds: [] }
  const lines = createInterface({ input: fleet.stdout })
  lines.on('line', (line) => {
    last = JSON.parse(line)
    say(`${last.finished} jobs finished, ${last.faults} faults`)
  })
  await sleep(seconds * 1000)
  fleet.kill('SIGTERM')
  await once(lines, 'close')
  const { finished, faults, turnarounds } = last
  return { finished, faults, turnaroundMs: summary(turnarounds) }
}

/** Slot-seconds of each team. */
async function usage(database) {
  const { rows } = await database.query(
    `SELECT team.name, sum(extract(epoch FROM coalesce(ended_at, now()) - job_attempt.started_at))::float8 AS seconds
     FROM job_attempt JOIN job ON job.id = job_id JOIN team ON team.id = team_id
     WHERE job_attempt.started_at IS NOT NULL GROUP BY team.name`,
  )
  return Object.fromEntries(rows.map(({ name, seconds }) => [name, seconds]))
}

/** Largest distance of a team from what its weight promises, as a fraction of the whole. */
function shareError(used) {
  const total = Object.values(used).reduce((sum, seconds) => sum + seconds, 0)
  const weights = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0)
  const errors = Object.entries(WEIGHTS).map(([name, weight]) => Math.abs((used[name] ?? 0) / total - weight / weights))
  return Math.max(...errors)
}
