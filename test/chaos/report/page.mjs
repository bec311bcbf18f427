// docs/chaos.md, written from the results of the runs and from the code that made them.
import { PATIENCE } from '../cluster/start-cluster.mjs'
import { faultKinds } from '../faults/fault-kinds.mjs'
import { markdownTable } from './table.mjs'

/** @typedef {import('../run-chaos.mjs').ChaosResult & {measured: string, machine: ReturnType<typeof import('../../bench/machine.mjs').machine>}} Written */

const TITLES = {
  redis: 'The queue on Redis, artifacts in S3',
  postgres: 'The queue on PostgreSQL, artifacts in a folder',
}

/** @param {readonly Written[]} results */
export function writePage(results) {
  return [INTRODUCTION, ...results.map(section), faultSection(), AGAIN].join('\n\n')
}

const INTRODUCTION = `# Under fire

<!-- Written by \`npm run chaos\`; change test/chaos/report/page.mjs, not this file. -->

\`npm run chaos\` starts a cluster of real processes on one machine – two API replicas behind a balancer, three workers,
PostgreSQL, and Redis where it is used – lets three teams send jobs, and breaks one thing after another, up to three at a
time, in an order that a seed fixes. Before that, every distinct job runs once with nobody disturbing it. Afterwards this
must hold, or the command fails:

| check | how |
| --- | --- |
| every job finished exactly once | one \`succeeded\` event per job, one attempt that succeeded, no attempt without an end, events numbered without gaps; every submission, repeated until it was answered, made one job |
| every model equals that of an undisturbed run | sha256 of every exported file |
| metrics without gaps, not doubled | every point equals that of the undisturbed run, numbers included |
| each team sees its own jobs and no others | the whole list, under the team's own key |
| no orphan process | every process of the run is a replica, a worker, or the one idle trainer of a worker |
| no artifact unaccounted for | every file that a row names lies in the store with its digest; once the service has cleared away what it keeps for a day, a row names every file in the store |
| nothing left in queue and outbox | every attempt ever handed over is asked for |

The service is told to be impatient here: a lease is ${PATIENCE.leaseSeconds} s and a worker reports every ${PATIENCE.heartbeatSeconds} s (20 s and 2 s unless set), a trainer
may be silent for ${PATIENCE.watchdogSeconds} s (300 s). Jobs may be attempted twenty times, none is taken for poison and no worker for
broken, and requests are not rationed: those limits have tests of their own. Recovery is counted from the moment of the fault, its own length included, until what was hit
works again and every job that it held is finished or trains on. Three workers share the machine's cores with everything
else, so the times say how the service behaves, not how fast a machine is.`

/** @param {Written} result */
function section({ backend, checks, store, faults, machine, ...result }) {
  const kinds = faultKinds(backend).map(({ name }) => name)
  const missed = faults.filter(({ target }) => target === null)
  const endings = Object.entries(result.endings).sort(([, a], [, b]) => b - a)
  return `## ${TITLES[backend]}

Seed ${result.seed}; ${result.jobs} jobs took ${result.attempts} attempts (${endings.map(([name, count]) => `${count} ${name}`).join(', ')}) and ${minutes(result.chaosSeconds)} on
${machine.cores} cores (Node.js ${machine.node}, ${result.measured}); ${result.points.toLocaleString('en')} points of metrics were compared; the store holds ${store.blobs.toLocaleString('en')} files after
${store.cleared.toLocaleString('en')} that nothing needed any more were cleared away.

${markdownTable(faults, kinds)}
${missed.length === 0 ? '' : `\nNot injected: ${missed.map(({ kind, note }) => `${kind} (${note})`).join(', ')}.\n`}
${checks.map(({ check, wrong }) => `- ${wrong.length === 0 ? '✓' : '✗'} ${check}${wrong.map((fault) => `\n  - ${fault}`).join('')}`).join('\n')}`
}

function faultSection() {
  const all = new Map([...faultKinds('redis'), ...faultKinds('postgres')].map((kind) => [kind.name, kind]))
  return `## The faults

| fault | what is done |
| --- | --- |
${[...all.values()].map(({ name, how }) => `| ${name} | ${how} |`).join('\n')}`
}

const AGAIN = `## Again

\`\`\`sh
npm run chaos                                        # both queues
npm run chaos -- --backend redis --seed 7            # another order
npm run chaos -- --backend postgres --jobs 12 --keep # short, and keeps the logs
\`\`\`

A short form is part of \`npm test\` (\`test/e2e/chaos.test.mjs\`). Without root no small disk can be mounted, so no disk is
filled; the table then says so.
`

/** @param {number} seconds */
function minutes(seconds) {
  return `${(seconds / 60).toFixed(1)} minutes`
}
