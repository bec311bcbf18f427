// Faults of the place where a worker works: no way to the API or to its queue, no room on its disk.
import { allWorkers, workerIsBack, workerNamed } from './process-faults.mjs'

/** @typedef {import('./fault-kinds.mjs').FaultKind} FaultKind */

/**
 * A job may meet a full disk once, so one that has failed before is spared.
 * @type {FaultKind['targets']}
 */
const onSmallDisk = ({ workers }, jobs) =>
  workers
    .filter(
      ({ name, disk }) => disk.fill !== null && !jobs.some(({ worker, attempt }) => worker === name && attempt > 1),
    )
    .map(({ name }) => name)

/** @type {FaultKind[]} */
export const placeFaults = [
  {
    name: 'worker cut off from the API',
    how: 'its connections to the API carry nothing, for longer than the lease',
    seconds: [6, 9],
    targets: allWorkers,
    strike: (cluster, target) => {
      const { wire } = workerNamed(cluster, target)
      wire.cut()
      return wire.mend
    },
    back: workerIsBack,
  },
  {
    name: 'worker cut off from its queue',
    how: 'its connections to the queue carry nothing, while the API hears it well',
    seconds: [8, 20],
    targets: allWorkers,
    strike: (cluster, target) => {
      const { queueWire } = workerNamed(cluster, target)
      queueWire.cut()
      return queueWire.mend
    },
    back: workerIsBack,
  },
  {
    name: 'scratch disk full',
    how: 'all space of its file system taken',
    seconds: [6, 12],
    hindrance: ({ workers }) =>
      workers.some(({ disk }) => disk.fill !== null) ? null : 'a small disk can only be mounted by root, on Linux',
    targets: onSmallDisk,
    strike: (cluster, target) => {
      const { disk } = workerNamed(cluster, target)
      disk.fill?.()
      return disk.free
    },
    back: workerIsBack,
  },
]
