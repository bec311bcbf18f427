// What a job asks of the worker that runs it, and whether a worker has it.
import { canonicalJson } from './canonical-json.ts'
import type { ResourcesSpec } from './job-spec.ts'
import type { Device } from './wire.ts'

export interface WorkerNeeds {
  readonly gpus: number
  /** Of the GPU; 0 when any will do. */
  readonly gpuMemoryGb: number
  /** All of these. */
  readonly labels: Readonly<Record<string, string>>
  /** GB of the machine's memory; 0 when it does not say. */
  readonly memoryGb: number
}

/** What a worker brings. */
export interface WorkerOffer {
  readonly devices: readonly Readonly<Device>[]
  readonly labels: Readonly<Record<string, string>>
  /** Of the machine, GB; null when it does not say: then any job is taken to fit. */
  readonly memoryGb: number | null
}

/** One text for equal needs, so that a database can group jobs by it; empty when any worker will do. */
export function needsKey({ gpus, gpuMemoryGb = 0, memoryGb = 0, labels }: ResourcesSpec): string {
  const asked = {
    ...(gpus > 0 && { gpus }),
    ...(gpuMemoryGb > 0 && { gpuMemoryGb }),
    ...(memoryGb > 0 && { memoryGb }),
    ...(Object.keys(labels).length > 0 && { labels }),
  }
  return Object.keys(asked).length === 0 ? '' : canonicalJson(asked)
}

/** @param key from `needsKey` */
export function parseNeeds(key: string): WorkerNeeds {
  const asked: Partial<WorkerNeeds> = key === '' ? {} : JSON.parse(key)
  return { gpus: 0, gpuMemoryGb: 0, memoryGb: 0, labels: {}, ...asked }
}

/** Whether the worker has it at all, were it empty. */
export function meetsNeeds({ gpus, gpuMemoryGb, memoryGb, labels }: WorkerNeeds, offer: WorkerOffer): boolean {
  if (offer.memoryGb !== null && memoryGb > offer.memoryGb) return false
  const fitting = offer.devices.filter(({ kind, memoryGb = 0 }) => kind === 'gpu' && memoryGb >= gpuMemoryGb)
  return fitting.length >= gpus && Object.entries(labels).every(([name, value]) => offer.labels[name] === value)
}

/** As in "no connected worker has …". */
export function describeNeeds({ gpus, gpuMemoryGb, memoryGb, labels }: WorkerNeeds): string {
  const gpu = gpus > 0 ? [gpuMemoryGb > 0 ? `a GPU of ${gpuMemoryGb} GB` : 'a GPU'] : []
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  const labelled = named.length > 0 ? [`the label${named.length > 1 ? 's' : ''} ${named.join(', ')}`] : []
  const memory = memoryGb > 0 ? [`${memoryGb} GB of memory`] : []
  return [...gpu, ...memory, ...labelled].join(' and ')
}
