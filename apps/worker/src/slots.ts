// A slot is room for one trainer: a share of the cores and, on a GPU worker, one GPU.
import { readdirSync } from 'node:fs'

export interface Slot {
  readonly index: number
  /** Value of CUDA_VISIBLE_DEVICES: one GPU, or empty so that TensorFlow does not look for any. */
  readonly gpu: string
  /** Threads of TensorFlow's pools. */
  readonly threads: number
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

function deviceNames(): string[] {
  try {
    return readdirSync('/dev')
  } catch {
    return []
  }
}
