// A GPU that has failed must not go on taking jobs: what went wrong on it is counted, and when it is clear that it is the
// GPU and not the jobs, its slot is closed.
import type { Outcome, TrainerVersions } from '@stillhouse/spec'
import { describeSlot, type Seat } from './slots.ts'

/** Attempts in a row whose trainers found no GPU where there was one. */
const MOST_LOST = 2
/** Jobs in a row that ended with an error of CUDA: one alone may have made it itself. */
const MOST_JOBS = 3

/** Errors of driver and device in the words of CUDA and its libraries; too little memory is the job's matter. */
const DEVICE_WORDS =
  /CUDA_ERROR_(?!OUT_OF_MEMORY)\w+|failed call to cuInit|no CUDA-capable device|CU(?:DNN|BLAS|SOLVER)_STATUS_(?!ALLOC_FAILED)\w+|unspecified launch failure|GPU has fallen off the bus/

export interface SlotHealth {
  /** Notes whether a trainer found the slot's GPU. */
  saw(seat: Seat, gpuFound: boolean): void
  /** Notes how an attempt ended. */
  note(seat: Seat, jobId: string, outcome: Outcome): void
  /** True when nothing should run in the slot any more. */
  isBroken(seat: Seat): boolean
}

export function createSlotHealth(): SlotHealth {
  const lost = new Map<number, number>()
  const failedJobs = new Map<number, Set<string>>()
  return {
    saw: ({ index }, gpuFound) => {
      lost.set(index, gpuFound ? 0 : (lost.get(index) ?? 0) + 1)
    },
    note: ({ index, device }, jobId, outcome) => {
      if (outcome.outcome === 'succeeded') failedJobs.delete(index)
      if (device === null || outcome.outcome !== 'failed' || !DEVICE_WORDS.test(outcome.message)) return
      failedJobs.set(index, (failedJobs.get(index) ?? new Set()).add(jobId))
    },
    isBroken: ({ index }) => (lost.get(index) ?? 0) >= MOST_LOST || (failedJobs.get(index)?.size ?? 0) >= MOST_JOBS,
  }
}

/** What became of the slot's GPU, when a trainer does not find it; null when all is well. */
export function lostGpu(seat: Seat, versions: Pick<TrainerVersions, 'devices'>): string | null {
  if (seat.device === null || versions.devices.some(({ kind }) => kind === 'gpu')) return null
  return `${describeSlot(seat)} was there when the worker started, and TensorFlow does not find it any more`
}
