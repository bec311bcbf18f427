// Faults of processes: killed without a word, or stopped for longer than anybody waits for them.
import { trainersOf } from '@stillhouse/testkit'
import { answers } from '../cluster/start-cluster.mjs'

/** @typedef {import('./fault-kinds.mjs').FaultKind} FaultKind */
/** @typedef {import('../cluster/start-cluster.mjs').Cluster} Cluster */

/** @param {Cluster} cluster @param {string} name */
export const workerNamed = ({ workers }, name) => named(workers, name)

/** @template {{name: string}} T @param {readonly T[]} services @param {string} name @returns {T} */
function named(services, name) {
  const found = services.find((service) => service.name === name)
  if (found === undefined) throw new Error(`there is no service ${name}`)
  return found
}

/** @type {FaultKind['back']} the worker is registered and was heard of since */
export async function workerIsBack({ ledger }, target, since) {
  const workers = await ledger.workers()
  return workers.some(({ name, state, seenAt }) => name === target && state === 'active' && seenAt > since)
}

/** @type {FaultKind['back']} another process has registered under the name; a dead one's last words count for nothing */
async function workerIsReplaced({ ledger }, target, since) {
  const workers = await ledger.workers()
  return workers.some(({ name, state, registeredAt }) => name === target && state === 'active' && registeredAt > since)
}

/** @type {FaultKind['back']} */
const replicaIsBack = (cluster, target) => answers(named(cluster.replicas, target).port)

/** @type {FaultKind['back']} */
async function replicaIsReplaced(cluster, target, since) {
  const { port, startedAt } = named(cluster.replicas, target)
  return startedAt() > since && (await answers(port))
}

/** @type {FaultKind['targets']} */
export const allWorkers = ({ workers }) => workers.map(({ name }) => name)

/** @type {FaultKind['targets']} */
const allReplicas = ({ replicas }) => replicas.map(({ name }) => name)

/** @type {FaultKind['targets']} workers that train */
const training = (_, jobs) => jobs.flatMap(({ state, worker }) => (state === 'running' && worker ? [worker] : []))

/**
 * A job may be stuck once, so one that has failed before is spared.
 * @type {FaultKind['targets']}
 */
const trainingFirstTime = (cluster, jobs) =>
  training(
    cluster,
    jobs.filter(({ attempt }) => attempt === 1),
  )

/** @param {import('@stillhouse/testkit').AppProcess} victim the supervisor starts another */
function kill(victim) {
  victim.signal('SIGKILL')
  return () => {}
}

/** @param {import('@stillhouse/testkit').AppProcess} victim */
function pause(victim) {
  victim.signal('SIGSTOP')
  return () => victim.signal('SIGCONT')
}

/** @type {FaultKind[]} */
export const processFaults = [
  {
    name: 'trainer killed',
    how: 'SIGKILL',
    seconds: [0, 0],
    targets: training,
    strike: (cluster, target) => {
      const trainers = trainersOf(workerNamed(cluster, target).current())
      for (const pid of trainers) process.kill(pid, 'SIGKILL')
      return trainers.length > 0 ? () => {} : null
    },
    back: workerIsBack,
  },
  {
    name: 'worker killed',
    how: 'SIGKILL; started again by the supervisor',
    seconds: [0, 0],
    targets: allWorkers,
    strike: (cluster, target) => kill(workerNamed(cluster, target).current()),
    back: workerIsReplaced,
  },
  {
    name: 'API replica killed',
    how: 'SIGKILL; started again by the supervisor',
    seconds: [0, 0],
    targets: allReplicas,
    strike: (cluster, target) => kill(named(cluster.replicas, target).current()),
    back: replicaIsReplaced,
  },
  {
    name: 'trainer paused',
    how: 'SIGSTOP for longer than the watchdog waits',
    seconds: [11, 14],
    targets: trainingFirstTime,
    strike: (cluster, target) => {
      const trainers = trainersOf(workerNamed(cluster, target).current())
      signalAll(trainers, 'SIGSTOP')
      return trainers.length > 0 ? () => signalAll(trainers, 'SIGCONT') : null
    },
    back: workerIsBack,
  },
  {
    name: 'worker paused',
    how: 'SIGSTOP for longer than the lease',
    seconds: [6, 9],
    targets: allWorkers,
    strike: (cluster, target) => pause(workerNamed(cluster, target).current()),
    back: workerIsBack,
  },
  {
    name: 'API replica paused',
    how: 'SIGSTOP for longer than the lease',
    seconds: [6, 9],
    targets: allReplicas,
    strike: (cluster, target) => pause(named(cluster.replicas, target).current()),
    back: replicaIsBack,
  },
]

/** @param {readonly number[]} pids @param {NodeJS.Signals} signal */
function signalAll(pids, signal) {
  for (const pid of pids)
    try {
      process.kill(pid, signal)
    } catch (error) {
      // the watchdog was first
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
    }
}
