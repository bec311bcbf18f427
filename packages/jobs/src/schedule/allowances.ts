// What each team may still be given under its quotas.
import type { Standing } from '@stillhouse/db'

export interface Allowance {
  /** Jobs. */
  running: number
  /** GPUs. */
  gpus: number
}

/** By team. Without a quota there is no end; over the GPU-hours of the month there are no GPUs. */
export function allowances(standings: readonly Standing[]): Map<string, Allowance> {
  return new Map(standings.map((standing) => [standing.teamId, allowanceOf(standing)]))
}

export function allowanceOf({ maxRunning, active, maxGpus, gpus, maxGpuHours, gpuHours }: Standing): Allowance {
  const left = (most: number | null, used: number): number =>
    most === null ? Number.POSITIVE_INFINITY : Math.max(0, most - used)
  const hoursLeft = maxGpuHours === null || gpuHours < maxGpuHours
  return { running: left(maxRunning, active), gpus: hoursLeft ? left(maxGpus, gpus) : 0 }
}

/** @param needsGpu of the job, or of the slot that it would get */
export function allows({ running, gpus }: Allowance, needsGpu: boolean): boolean {
  return running > 0 && (!needsGpu || gpus > 0)
}
