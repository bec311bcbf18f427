// A worker's first words to the API: what its trainers have shown that they compute on, and what it understands.
import { hostname } from 'node:os'
import { type Logger, STILLHOUSE_VERSION } from '@stillhouse/kit'
import { type Device, type TrainerVersions, WORKER_FEATURES } from '@stillhouse/spec'
import { type Registration, register } from './registration.ts'
import type { Settings } from './settings.ts'
import { describeSlot, gpusOf, type Seat, type Slot, seatSlots } from './slots.ts'
import type { TrainerPool } from './trainer-pool.ts'
import type { WorkerApi } from './worker-api.ts'

export interface Introduction {
  readonly settings: Settings
  readonly api: WorkerApi
  readonly pool: TrainerPool
  readonly logger: Logger
  /** Aborted when the worker shuts down. */
  readonly draining: AbortSignal
}

/**
 * Waits for a trainer in every slot, and for the API.
 * @throws the reason of a trainer that did not start, unless it is only that one of several GPUs does not work
 */
export async function introduce(
  { settings, api, pool, logger, draining }: Introduction,
  slots: readonly Slot[],
): Promise<{ seats: readonly Seat[]; registration: Registration }> {
  const started = await Promise.allSettled(slots.map((slot) => pool.warm(slot).ready))
  const seats = seatSlots(slots, started)
  const versions = started.flatMap((known) => (known.status === 'fulfilled' ? [known.value] : []))
  for (const { index, gpu } of slots)
    if (!seats.some((seat) => seat.index === index))
      logger.error({ slot: index }, `GPU ${gpu} does not work; its slot is closed`)
  const shown = { slots: seats.map(describeSlot), threads: seats[0]?.threads, tensorflow: versions[0]?.tensorflow }
  logger.info(shown, 'trainers are ready')
  const { name, labels, memoryGb } = settings
  const machine = { name, labels, host: hostname(), version: STILLHOUSE_VERSION, memoryGb }
  const devices = [...gpusOf(seats), ...cpuOf(versions)]
  const worker = { ...machine, slots: seats.length, devices, features: [...WORKER_FEATURES] }
  return { seats, registration: await register({ api, worker, signal: draining, logger }) }
}

/** All slots share it. */
function cpuOf(versions: readonly TrainerVersions[]): Device[] {
  return versions.flatMap(({ devices }) => devices.filter(({ kind }) => kind === 'cpu')).slice(0, 1)
}
