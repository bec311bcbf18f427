// docs/scale.md, from the figures: what was measured, and what follows for a thousand GPUs.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../infra/scripts/setup/paths.mjs'
import { barChart } from '../bench/report/chart.mjs'

const PAGE = join(ROOT, 'docs/scale.md')
const GPUS = 1000
/** Of jobs on the cluster of the plan. */
const JOB_MINUTES = 30
/** Submissions, as a ratio to a bare route. */
const SUBMIT_GOAL = 0.6

/** @param {Record<string, any>} results */
export function writePage(results) {
  writeFileSync(PAGE, `${[INTRODUCTION, ...sections(results)].join('\n\n')}\n`)
}

const INTRODUCTION = `# Scale

What one API process, one PostgreSQL and one Redis carry, measured by \`npm run load\` (parts by name: \`-- --only growth\`), and
what follows for a thousand GPUs. Everything ran on one machine together with the simulated workers and listeners, so the
figures are a lower bound; ratios and growth say more than milliseconds. PostgreSQL ran without fsync, as in the tests,
unless said otherwise.`

function sections({ growth, shares, submits, listeners }) {
  return [
    ...(growth ? [growthSection(growth)] : []),
    ...(shares ? [sharesSection(shares)] : []),
    ...(submits ? [submitsSection(submits)] : []),
    ...(listeners ? [listenersSection(listeners)] : []),
    ...(growth && shares && submits ? [planSection({ growth, shares, submits })] : []),
  ]
}

function growthSection({ workers, teams, rounds, sizes, ...run }) {
  const rows = sizes.map(
    ({ queued, dispatchMs, getJobMs, getQueueMs, submitMs }) =>
      `| ${count(queued)} | ${pair(dispatchMs)} | ${pair(getJobMs)} | ${pair(getQueueMs)} | ${pair(submitMs)} |`,
  )
  return `## Growth of the queue

${count(workers)} workers with a free slot each, ${teams} teams, ${rounds} rounds; milliseconds, p50 / p99, inside the process
(no HTTP). A round of the dispatcher hands out up to ${count(workers)} jobs; a look at the queue is not kept here between calls
(the service keeps it for half a second). ${where(run)}

| waiting jobs | dispatcher's round | place of one job | the whole queue | submit |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

\`\`\`text
dispatcher's round, p50
${barChart(sizes.map(({ queued, dispatchMs }) => ({ name: `${count(queued)} waiting`, value: dispatchMs.p50, shown: `${dispatchMs.p50} ms` })))}
\`\`\``
}

function sharesSection({
  queued,
  workers,
  seconds,
  weights,
  finished,
  faults,
  turnaroundMs,
  shares,
  shareError,
  ...run
}) {
  const total = sum(Object.values(shares))
  const promised = sum(Object.values(weights))
  const rows = Object.entries(weights).map(
    ([team, weight]) =>
      `| ${team} | ${weight} | ${percent(weight / promised)} | ${percent((shares[team] ?? 0) / total)} |`,
  )
  return `## Shares and turnaround

${count(queued)} waiting jobs, ${count(workers)} simulated workers over HTTP and Redis for ${seconds} s; a job holds its slot
for 4 to 12 s. ${count(finished)} jobs finished, ${count(faults)} faults. From the end of a job to the claim of the slot's next:
p50 ${count(Math.round(turnaroundMs.p50))} ms, p99 ${count(Math.round(turnaroundMs.p99))} ms. ${where(run)}

| team | weight | promised | got (slot-seconds) |
| --- | --- | --- | --- |
${rows.join('\n')}

Largest distance from the promise: ${percent(shareError)}.`
}

function submitsSection({ connections, rounds, seconds, kinds, ...run }) {
  const rows = kinds.map(
    ({ durable, perSecond, ratios }) =>
      `| ${durable ? 'yes, as for users' : 'no, as in the tests'} | ${spreadOf(perSecond.stillhouse)} | ` +
      `${spreadOf(perSecond.driver)} | ${ratioOf(ratios.driver)} | ${spreadOf(perSecond.prisma)} | ${ratioOf(ratios.prisma)} |`,
  )
  return `## Submissions

${connections} connections, ${rounds} rounds of ${seconds} s by turns; no two jobs are equal. The yardsticks are bare Fastify routes
that insert the body as one row: with the PostgreSQL driver, the least there can be, and with Prisma, as this service stores
everything. Ours also checks the key, the schema and the networks' shapes, and writes job, event and audit
entry; submissions that come at about the same time share one statement and one commit. Per second, median (min–max). ${where(run)}

| a commit waits for the disk | POST /v1/jobs | bare, driver | ratio | bare, Prisma | ratio |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

The goal is a ratio of at least ${SUBMIT_GOAL} to a bare route: ${kinds.map(verdictOf).join('; ')}.`
}

function ratioOf({ median, min, max }) {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
}

function verdictOf({ durable, ratios }) {
  const reached = (name) => (ratios[name].median >= SUBMIT_GOAL ? 'reached' : 'missed')
  return `${durable ? 'with' : 'without'} waiting for the disk ${reached('driver')} with the driver, ${reached('prisma')} with Prisma`
}

function listenersSection({
  listeners,
  jobs,
  seconds,
  metricPoints,
  events,
  listenersThatMissed,
  lateMs,
  residentMb,
  ...run
}) {
  return `## Listeners

${count(listeners)} event streams on ${jobs} running jobs for ${seconds} s, while workers reported ${count(metricPoints)} metric
points. ${count(events)} events were heard; listeners that missed one or heard one twice: ${listenersThatMissed}. From the report
to the listener: p50 ${count(Math.round(lateMs.p50))} ms, p99 ${count(Math.round(lateMs.p99))} ms. Memory of the API: ${residentMb.first} MB
after the first quarter, ${residentMb.last} MB at the end, ${residentMb.most} MB at most. ${where(run)}`
}

function planSection({ growth, shares, submits }) {
  const perSecond = GPUS / (JOB_MINUTES * 60)
  const measured = shares.finished / shares.seconds
  const largest = growth.sizes.at(-1)
  return `## The plan to 1,000 GPUs

${count(GPUS)} GPUs with jobs of ${JOB_MINUTES} minutes finish ${perSecond.toFixed(2)} jobs a second; this machine, shared with its
simulated workers, finished ${measured.toFixed(1)} a second, and takes in ${count(Math.round(submits.kinds[0].perSecond.stillhouse.median))}
submissions a second. So jobs that train for minutes are no load for one API process; what grows with the cluster is:

1. **Heartbeats**: one per worker and 2 s. A worker serves all GPUs of its machine, so ${count(GPUS)} GPUs at 8 per machine are
   ${GPUS / 8} workers and ${Math.round(GPUS / 16)} heartbeats a second; the ${shares.workers} workers measured here sent ${shares.workers / 2}.
2. **The dispatcher** is one process (another takes over when it dies). Its round took ${largest.dispatchMs.p50} ms (p50) with
   ${count(largest.queued)} jobs waiting and ${count(growth.workers)} free slots, once per second at least and whenever something changes.
   Rooms and jobs are matched pairwise, so a round of ${count(GPUS)} free slots costs more: only after a full restart.
3. **Metrics and event streams** go through the API processes: run two or more behind a load balancer, they share nothing.
4. **PostgreSQL** carries every write. Give it its own machine and disk first; then a connection pool per API process
   (10 connections each); partition \`metric\`, \`log_line\` and \`job_event\` by time when they no longer fit its memory.
5. **Redis** holds at most one message per free slot; its size does not grow with the queue.
6. **Artifacts** go through the API today. Beyond a few hundred MB/s let workers write to S3 with signed URLs.`
}

function where({ machine, measured }) {
  return `(${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${measured})`
}

function pair({ p50, p99 }) {
  return `${p50} / ${p99}`
}

function spreadOf({ median, min, max }) {
  return `${count(Math.round(median))} (${count(Math.round(min))}–${count(Math.round(max))})`
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0)
}

function percent(fraction) {
  return `${(fraction * 100).toFixed(1)} %`
}

function count(value) {
  return value.toLocaleString('en-US')
}
