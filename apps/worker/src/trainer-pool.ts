// Keeps one trainer per free slot that has TensorFlow loaded already: a job that comes starts a second or two earlier,
// and a machine on which TensorFlow does not load is found out before it takes a job.
import type { Logger } from '@stillhouse/kit'
import type { ResourcesSpec } from '@stillhouse/spec'
import type { Settings } from './settings.ts'
import type { Slot } from './slots.ts'
import { trainerEnv } from './trainer-env.ts'
import { forkTrainer, type TrainerProcess } from './trainer-process.ts'
import type { TrainerRecords } from './trainer-records.ts'

export interface TrainerPool {
  /** A trainer for the slot; it may still be loading. */
  take(slot: Slot, resources: ResourcesSpec): TrainerProcess
  /** Starts a trainer ahead of the slot's next job. */
  warm(slot: Slot): TrainerProcess
  /** Ends the trainers that have no job. */
  close(): Promise<void>
}

export interface TrainerPoolOptions {
  readonly settings: Pick<Settings, 'trainerEntry' | 'stopGraceMs' | 'termGraceMs'>
  readonly records: TrainerRecords
  readonly logger: Logger
}

export function createTrainerPool({ settings, records, logger }: TrainerPoolOptions): TrainerPool {
  const { trainerEntry: entry, stopGraceMs, termGraceMs } = settings
  const idle = new Map<number, TrainerProcess>()

  function start(slot: Slot, execArgv: readonly string[]): TrainerProcess {
    const trainer = forkTrainer({ entry, env: trainerEnv(slot), execArgv, stopGraceMs, termGraceMs })
    const noted = records
      .write(trainer.pid, null)
      .catch((error) => logger.warn({ err: error }, 'no record of a trainer'))
    void Promise.all([trainer.ended, noted]).then(() => records.remove(trainer.pid))
    return trainer
  }

  return {
    take: (slot, { memoryGb }) => {
      // the size of the JavaScript heap is fixed at start, so a warm trainer does not fit
      if (memoryGb !== undefined) return start(slot, [`--max-old-space-size=${Math.floor(memoryGb * 1024)}`])
      const warm = idle.get(slot.index)
      idle.delete(slot.index)
      return warm && !warm.hasEnded() ? warm : start(slot, [])
    },
    warm: (slot) => {
      const known = idle.get(slot.index)
      if (known && !known.hasEnded()) return known
      const trainer = start(slot, [])
      idle.set(slot.index, trainer)
      trainer.ready.catch((error) => {
        if (idle.get(slot.index) === trainer) logger.error({ reason: String(error.message) }, 'a trainer did not start')
      })
      return trainer
    },
    close: async () => {
      const trainers = [...idle.values()]
      idle.clear()
      for (const trainer of trainers) trainer.kill()
      await Promise.all(trainers.map(({ ended }) => ended))
    },
  }
}
