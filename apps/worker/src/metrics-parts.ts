// Measures parts of the worker from outside, so that they need not know of metrics.
import { stat } from 'node:fs/promises'
import type { WorkerMetrics } from './metrics.ts'
import type { TrainerPool } from './trainer-pool.ts'
import type { TrainerEnd, TrainerProcess } from './trainer-process.ts'
import type { WorkerApi } from './worker-api.ts'

/** The same API; heartbeats and uploads are counted. */
export function measuredApi(api: WorkerApi, metrics: Pick<WorkerMetrics, 'heartbeat' | 'uploaded'>): WorkerApi {
  return {
    ...api,
    heartbeat: async (workerId, beat) => {
      try {
        const orders = await api.heartbeat(workerId, beat)
        metrics.heartbeat(true)
        return orders
      } catch (error) {
        metrics.heartbeat(false)
        throw error
      }
    },
    putBlob: async (sha256, path) => {
      await api.putBlob(sha256, path)
      // a checkpoint's folder may be gone by the time that it is stored
      const size = await stat(path).then(
        (found) => found.size,
        () => 0,
      )
      metrics.uploaded(size)
    },
  }
}

/** The same pool; every trainer that it hands out is counted once, and so is its end. */
export function measuredPool(
  pool: TrainerPool,
  metrics: Pick<WorkerMetrics, 'trainerStarted' | 'trainerEnded'>,
): TrainerPool {
  const counted = new WeakSet<TrainerProcess>()
  const count = (trainer: TrainerProcess): TrainerProcess => {
    if (counted.has(trainer)) return trainer
    counted.add(trainer)
    metrics.trainerStarted()
    void trainer.ended.then((end) => metrics.trainerEnded(causeOf(end)))
    return trainer
  }
  return {
    ...pool,
    take: (slot, resources) => count(pool.take(slot, resources)),
    warm: (slot) => count(pool.warm(slot)),
  }
}

function causeOf({ killedBy, signal, code }: TrainerEnd): string {
  return killedBy ?? signal ?? (code === null ? 'not started' : `exit ${code}`)
}
