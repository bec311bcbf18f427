// Five hundred listeners of event streams while workers pour in metrics: does each get every event, how late, and does the
// memory of the API stay flat.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createClient } from '../../../packages/client/dist/index.js'
import { JOB } from '../job.mjs'
import { addTeam, WORKER_TOKEN } from '../stack.mjs'
import { summary } from '../statistics.mjs'

/** @param {import('../stack.mjs').Stack} stack @param {{quick: boolean, say: (text: string) => void}} context */
export async function listeners(stack, { quick, say }) {
  const size = quick ? { listeners: 20, jobs: 4, seconds: 10 } : { listeners: 500, jobs: 20, seconds: 90 }
  const team = await addTeam(stack, 'watchers', 1)
  const database = new pg.Client(stack.databaseUrl)
  await database.connect()
  const refs = await startJobs(stack, database, { team, jobs: size.jobs })
  const stop = new AbortController()
  const heard = Array.from({ length: size.listeners }, () => ({ seqs: [], lateMs: [] }))
  const listening = heard.map((ear, n) =>
    listen(team.client, refs[n % refs.length].jobId, { ear, signal: stop.signal }),
  )
  const memory = []
  const ends = Date.now() + size.seconds * 1000
  const reporting = refs.map((ref) => reportUntil(stack, ref, ends))
  while (Date.now() < ends) {
    memory.push(residentMb(stack.apiPid))
    say(`${heard.reduce((sum, { seqs }) => sum + seqs.length, 0)} events heard, API at ${memory.at(-1)} MB`)
    await sleep(3000)
  }
  const points = (await Promise.all(reporting)).reduce((sum, count) => sum + count, 0)
  await sleep(3000)
  stop.abort()
  await Promise.allSettled(listening)
  const written = await eventCounts(database)
  await database.end()
  const missed = heard.filter(({ seqs }, n) => !isWhole(seqs, written.get(refs[n % refs.length].jobId) ?? 0)).length
  return {
    ...size,
    metricPoints: points,
    events: heard.reduce((sum, { seqs }) => sum + seqs.length, 0),
    listenersThatMissed: missed,
    lateMs: summary(heard.flatMap(({ lateMs }) => lateMs)),
    residentMb: { first: memory[Math.floor(memory.length / 4)], last: memory.at(-1), most: Math.max(...memory) },
  }
}

/** Jobs that run, on one worker that only reports. */
async function startJobs({ url }, database, { team, jobs }) {
  const worker = createClient({ baseUrl: url, apiKey: WORKER_TOKEN })
  const registration = { name: 'reporter', host: 'load', version: '0.1.0', slots: jobs, devices: [] }
  const { workerId } = await worker.registerWorker(registration)
  const refs = []
  for (let n = 0; n < jobs; n += 1) refs.push((await team.client.submitJob(JOB)).job.id)
  for (const id of refs)
    while ((await team.client.getJob(id)).state === 'queued') {
      await worker.heartbeat(workerId, { state: 'active', jobs: [] })
      await sleep(100)
    }
  for (const jobId of refs) await worker.claimJob(jobId, { workerId, attempt: 1 })
  // nothing here sends heartbeats: the leases are made to last
  await database.query("UPDATE job SET lease_until = now() + interval '1 hour' WHERE state = 'running'")
  return refs.map((jobId) => ({ jobId, attempt: 1 }))
}

/** A batch of a hundred points and a progress event each half second; answers how many points. */
async function reportUntil({ url }, ref, ends) {
  const worker = createClient({ baseUrl: url, apiKey: WORKER_TOKEN })
  let seq = 0
  for (let batch = 1; Date.now() < ends; batch += 1) {
    const metrics = Array.from({ length: 100 }, () => {
      seq += 1
      return { seq, name: 'loss', stage: 'student', step: seq, epoch: seq / 100, value: Math.random() }
    })
    const note = { type: 'note', data: { attempt: 1, message: String(Date.now()) } }
    await worker.report(ref, { batch, metrics, logs: [], events: [note] })
    await sleep(500)
  }
  return seq
}

async function listen(client, jobId, { ear, signal }) {
  for await (const event of client.watchEvents(jobId, { signal })) {
    ear.seqs.push(event.seq)
    if (event.type === 'note') ear.lateMs.push(Date.now() - Number(event.data.message))
  }
}

async function eventCounts(database) {
  const { rows } = await database.query('SELECT job_id, max(seq) AS last FROM job_event GROUP BY job_id')
  return new Map(rows.map(({ job_id, last }) => [job_id, last]))
}

/** Every event once and in order. */
function isWhole(seqs, last) {
  return seqs.length === last && seqs.every((seq, index) => seq === index + 1)
}

function residentMb(pid) {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kilobytes) / 1024)
}
