// The judges: each takes the evidence and answers, in words, everything that is wrong. No words: it holds.

/** @typedef {import('./evidence.mjs').Evidence} Evidence */
/** @typedef {import('./evidence.mjs').FinishedJob} FinishedJob */

/** @type {Record<string, (evidence: Evidence) => string[]>} what must hold → who judges it */
export const CHECKS = {
  'every job finished exactly once': finishedOnce,
  'every model equals that of an undisturbed run': sameModels,
  'metrics without gaps, not doubled, equal to an undisturbed run': sameMetrics,
  'each team sees its own jobs and no others': ownJobsOnly,
  'no orphan process': noOrphans,
  'no artifact unaccounted for': artifactsAccounted,
  'nothing left in queue and outbox': queueEmpty,
}

/** @param {Evidence} evidence */
export function finishedOnce({ wanted, jobs }) {
  const counts = wanted.flatMap((key) => {
    const count = jobs.filter((job) => job.key === key).length
    return count === 1 ? [] : [`${key} is there ${count} times`]
  })
  return [...counts, ...jobs.flatMap((job) => endFaults(job).map((fault) => `${job.key} ${fault}`))]
}

/** @param {FinishedJob} job */
function endFaults({ state, failure, events, attempts }) {
  const ends = events.filter((event) => event.state === 'succeeded').length
  const won = attempts.filter(({ ending }) => ending === 'succeeded').length
  const open = attempts.filter(({ ending }) => ending === null).length
  return [
    ...(state === 'succeeded' ? [] : [`is ${state} (${failure ?? 'no failure is given'})`]),
    ...(ends === 1 ? [] : [`says ${ends} times that it succeeded`]),
    ...(won === 1 ? [] : [`has ${won} attempts that succeeded`]),
    ...(open === 0 ? [] : [`has ${open} attempts without an end`]),
    ...(events.at(-1)?.state === 'succeeded' ? [] : ['has events after its end, or no end']),
    ...gaps('events', events),
  ]
}

/** @param {string} what @param {readonly {seq: number}[]} numbered */
function gaps(what, numbered) {
  const wrong = numbered.findIndex(({ seq }, i) => seq !== i + 1)
  return wrong === -1 ? [] : [`has ${what} with number ${numbered[wrong]?.seq} in place ${wrong + 1}`]
}

/** @param {Evidence} evidence */
export function sameModels({ jobs, references }) {
  return jobs.flatMap(({ key, kind, model }) => {
    const expected = references[kind]?.model ?? []
    if (expected.length === 0) return [`${key} has no reference`]
    const texts = [model, expected].map((files) => JSON.stringify(files))
    return texts[0] === texts[1] ? [] : [`${key} has the model ${texts[0]}, expected ${texts[1]}`]
  })
}

/** @param {Evidence} evidence */
export function sameMetrics({ jobs, references }) {
  return jobs.flatMap(({ key, kind, metrics }) => {
    const expected = references[kind]?.metrics ?? []
    if (expected.length === 0) return [`${key} has no reference`]
    const wrong = gaps('metrics', metrics).map((fault) => `${key} ${fault}`)
    if (metrics.length !== expected.length) wrong.push(`${key} has ${metrics.length} points, not ${expected.length}`)
    const other = metrics.findIndex(({ what }, i) => what !== expected[i]?.what)
    if (other !== -1) wrong.push(`${key}: point ${other + 1} is ${metrics[other]?.what}, not ${expected[other]?.what}`)
    return wrong
  })
}

/** @param {Evidence} evidence */
export function ownJobsOnly({ teams }) {
  return teams.flatMap(({ team, sent, seen }) => [
    ...sent.filter((id) => !seen.includes(id)).map((id) => `${team} does not see its job ${id}`),
    ...seen.filter((id) => !sent.includes(id)).map((id) => `${team} sees the job ${id}, which it did not send`),
    ...(new Set(seen).size === seen.length ? [] : [`${team} sees a job twice`]),
  ])
}

/** Besides the services there may be one idle trainer per worker. @param {Evidence} evidence */
export function noOrphans({ processes, services }) {
  const own = new Set(services.map(({ pid }) => pid))
  const workers = new Set(services.filter(({ kind }) => kind === 'worker').map(({ pid }) => pid))
  const missing = services.filter(({ pid }) => !processes.some((process) => process.pid === pid))
  const orphans = processes.filter(({ pid, parent }) => !own.has(pid) && !workers.has(parent))
  const crowds = [...workers].filter((pid) => processes.filter(({ parent }) => parent === pid).length > 1)
  const trainers = processes.filter(({ parent }) => workers.has(parent))
  return [
    ...(trainers.length > 0 ? [] : ['no worker has a trainer, so none could have been found as an orphan either']),
    ...missing.map(({ pid, kind }) => `the ${kind} ${pid} does not run`),
    ...orphans.map(({ pid, command }) => `process ${pid} belongs to nobody: ${command}`),
    ...crowds.map((pid) => `the worker ${pid} has more than one trainer for its one slot`),
  ]
}

/** @param {Evidence} evidence */
export function artifactsAccounted({ named, blobs }) {
  const stored = new Map(blobs.map((blob) => [blob.sha256, blob]))
  const known = new Set(named.map(({ sha256 }) => sha256))
  const lacking = named.filter(({ sha256, size }) => stored.get(sha256)?.size !== size)
  return [
    ...(named.length > 0 ? [] : ['no row names a blob, which cannot be']),
    ...lacking.map(({ sha256, holder }) => `${holder} names ${sha256}, which is not in the store in that size`),
    ...blobs.filter(({ sha256, actual }) => sha256 !== actual).map(({ sha256 }) => `blob ${sha256} is damaged`),
    ...blobs.filter(({ sha256 }) => !known.has(sha256)).map(({ sha256 }) => `blob ${sha256} is named by no row`),
  ]
}

/** @param {Evidence} evidence */
export function queueEmpty({ queued, outbox }) {
  return [
    ...queued.map((attempt) => `the queue still holds ${attempt}`),
    ...(outbox === 0 ? [] : [`${outbox} rows wait in the outbox`]),
  ]
}
