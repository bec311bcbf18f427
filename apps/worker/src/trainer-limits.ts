// How much a trainer may take: what its job asks for, within what the operator allows and the machine has. Without any
// of it a trainer gets its slot's share, so that one that runs away ends before the machine does.
import type { ResourcesSpec } from '@stillhouse/spec'
import { machineMemoryGb } from './machine-memory.ts'
import type { Settings } from './settings.ts'
import { findGpus, planSlots } from './slots.ts'

export interface TrainerLimits {
  /** Null: none. */
  readonly timeoutMs: number | null
  readonly memoryBytes: number
}

interface Machine {
  readonly bytes: number
  readonly gpus: readonly string[]
}

/** What the worker and the system keep of the machine's memory. */
const KEPT = 0.1

export function trainerLimits(
  { timeoutMinutes, memoryGb }: Pick<ResourcesSpec, 'timeoutMinutes' | 'memoryGb'>,
  { trainerBytes, trainerMs, ...settings }: Pick<Settings, 'trainerBytes' | 'trainerMs' | 'slots' | 'cores'>,
  { bytes, gpus }: Machine = { bytes: machineMemoryGb() * 2 ** 30, gpus: findGpus() },
): TrainerLimits {
  const slots = planSlots({ cores: settings.cores, gpus }, settings.slots).length
  const most = trainerBytes ?? bytes * (1 - KEPT)
  const usual = trainerBytes ?? most / slots
  const timeouts = [timeoutMinutes === undefined ? null : timeoutMinutes * 60_000, trainerMs].filter(
    (ms) => ms !== null,
  )
  return {
    timeoutMs: timeouts.length === 0 ? null : Math.min(...timeouts),
    memoryBytes: Math.min(memoryGb === undefined ? usual : memoryGb * 2 ** 30, most),
  }
}
