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
}

/** What a worker brings. */
export interface WorkerOffer {
  readonly devices: readonly Readonly<Device>[]
  readonly labels: Readonly<Record<string, string>>
}

/** One text for equal needs, so that a database can group jobs by it; empty when any worker will do. */
export function needsKey({ gpus, gpuMemoryGb = 0, labels }: ResourcesSpec): string {
  const asked = {
    ...(gpus > 0 && { gpus }),
    ...(gpuMemoryGb > 0 && { gpuMemoryGb }),
    ...(Object.keys(labels).length > 0 && { labels }),
  }
  return Object.keys(asked).length === 0 ? '' : canonicalJson(asked)
}

/** @param key from `needsKey` */
export function parseNeeds(key: string): WorkerNeeds {
  const asked: Partial<WorkerNeeds> = key === '' ? {} : JSON.parse(key)
  return { gpus: 0, gpuMemoryGb: 0, labels: {}, ...asked }
}

export function meetsNeeds({ gpus, gpuMemoryGb, labels }: WorkerNeeds, offer: WorkerOffer): boolean {
  const fitting = offer.devices.filter(({ kind, memoryGb = 0 }) => kind === 'gpu' && memoryGb >= gpuMemoryGb)
  return fitting.length >= gpus && Object.entries(labels).every(([name, value]) => offer.labels[name] === value)
}

/** As in "no connected worker has …". */
export function describeNeeds({ gpus, gpuMemoryGb, labels }: WorkerNeeds): string {
  const gpu = gpus > 0 ? [gpuMemoryGb > 0 ? `a GPU of ${gpuMemoryGb} GB` : 'a GPU'] : []
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  const labelled = named.length > 0 ? [`the label${named.length > 1 ? 's' : ''} ${named.join(', ')}`] : []
  return [...gpu, ...labelled].join(' and ')
}
