// Faults of what the service stands on: the database, and the queue.
import { redisCommand } from '@stillhouse/testkit'

/** @typedef {import('./fault-kinds.mjs').FaultKind} FaultKind */
/** @typedef {import('../cluster/start-cluster.mjs').Cluster} Cluster */

/** @type {FaultKind['back']} the service has all it needs, and a job was begun since, if any waits */
async function workGoesOn({ admin, ledger }, _, since) {
  if (!(await admin.isReady())) return false
  if ((await ledger.startsSince(since)) > 0) return true
  return (await ledger.jobs()).every(({ state }) => state !== 'queued' && state !== 'dispatched')
}

/** @param {Cluster} cluster */
function redisOf({ redis }) {
  if (redis === null) throw new Error('this cluster has no Redis')
  return redis
}

/** @type {FaultKind['targets']} */
const redis = (cluster) => (cluster.redis === null ? [] : ['redis'])

/** @type {FaultKind[]} */
export const storeFaults = [
  {
    name: 'PostgreSQL restarted',
    how: 'stopped with all its sessions cut, started again',
    seconds: [0, 3],
    targets: () => ['postgres'],
    strike: async ({ postgres }) => {
      await postgres.halt()
      return () => postgres.start()
    },
    back: workGoesOn,
  },
  {
    name: 'Redis killed',
    how: 'SIGKILL; comes back with what its append-only file holds',
    seconds: [0, 4],
    backend: 'redis',
    targets: redis,
    strike: async (cluster) => {
      await redisOf(cluster).kill()
      return () => redisOf(cluster).restart()
    },
    back: workGoesOn,
  },
  {
    name: 'Redis wiped',
    how: 'FLUSHALL',
    seconds: [0, 0],
    backend: 'redis',
    targets: redis,
    strike: async (cluster) => {
      await redisCommand(redisOf(cluster).url, ['FLUSHALL'])
      return () => {}
    },
    back: workGoesOn,
  },
  {
    name: 'Redis paused',
    how: 'SIGSTOP',
    seconds: [4, 8],
    backend: 'redis',
    targets: redis,
    strike: (cluster) => {
      redisOf(cluster).freeze()
      return () => redisOf(cluster).thaw()
    },
    back: workGoesOn,
  },
]
