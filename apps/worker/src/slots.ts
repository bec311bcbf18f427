// A slot is room for one trainer: a share of the cores and, on a GPU worker, one GPU.
import { readdirSync } from 'node:fs'
import type { Device, TrainerVersions } from '@stillhouse/spec'

export interface Slot {
  readonly index: number
  /** Value of CUDA_VISIBLE_DEVICES: one GPU, or empty so that TensorFlow does not look for any. */
  readonly gpu: string
  /** Threads of TensorFlow's pools. */
  readonly threads: number
}

/** A slot whose trainer has shown what it computes on. */
export interface Seat extends Slot {
  /** The GPU; null when it computes on the CPU. */
  readonly device: Readonly<Device> | null
}

export interface Machine {
  readonly cores: number
  /** Names of the usable GPUs as CUDA_VISIBLE_DEVICES takes them. */
  readonly gpus: readonly string[]
}

/** GPUs of this machine: those that the worker itself is limited to, or all that the driver has made devices for. */
export function findGpus(env: NodeJS.ProcessEnv = process.env, devices: readonly string[] = deviceNames()): string[] {
  const visible = env['CUDA_VISIBLE_DEVICES']?.split(',').map((gpu) => gpu.trim())
  if (visible) return visible.filter((gpu) => gpu !== '' && gpu !== '-1')
  return devices.filter((name) => /^nvidia\d+$/.test(name)).map((_, index) => String(index))
}

/** One slot per GPU, or the number asked for: then several slots share a GPU. Cores are shared evenly. */
export function planSlots({ cores, gpus }: Machine, asked?: number): Slot[] {
  const count = asked ?? Math.max(1, gpus.length)
  const threads = Math.max(1, Math.floor(cores / count))
  return Array.from({ length: count }, (_, index) => ({ index, threads, gpu: gpus[index % gpus.length] ?? '' }))
}

/**
 * What each slot computes on. A slot whose GPU does not work is left out while others have one that does; when none
 * works, they all are slots of the CPU, and the worker is given no jobs that ask for a GPU.
 * @param versions what each slot's trainer says, or why it did not start
 * @throws the reason of the first trainer that did not start, when no slot is left or the CPU is enough to run it
 */
export function seatSlots(
  slots: readonly Slot[],
  versions: readonly PromiseSettledResult<Pick<TrainerVersions, 'devices'>>[],
): Seat[] {
  const seats = slots.flatMap((slot, index): Seat[] => {
    const known = versions[index]
    if (known?.status !== 'fulfilled') return []
    return [{ ...slot, device: known.value.devices.find(({ kind }) => kind === 'gpu') ?? null }]
  })
  const working = seats.filter(({ device }) => device !== null)
  const failed = versions.find((known) => known.status === 'rejected')
  if (failed && working.length === 0) throw failed.reason
  return working.length > 0 ? working : seats
}

/** Every GPU once: several slots may share one. */
export function gpusOf(seats: readonly Seat[]): Device[] {
  const byGpu = new Map(seats.flatMap(({ gpu, device }) => (device ? [[gpu, device] as const] : [])))
  return [...byGpu.values()]
}

/** As in "GPU 1 (Tesla T4, 15 GB)". */
export function describeSlot({ gpu, device }: Seat): string {
  if (device === null) return 'the CPU'
  const memory = device.memoryGb === undefined ? '' : `, ${device.memoryGb} GB`
  return `GPU ${gpu} (${device.name}${memory})`
}

function deviceNames(): string[] {
  try {
    return readdirSync('/dev')
  } catch {
    return []
  }
}
