// A job as a method's check sees it.
import type { Architecture, MethodJob } from '@stillhouse/engine'
import { tinyCnn, tinyImages } from './tiny-networks.ts'

/** One teacher, wider than the student; batches of eight. */
export function tinyJob(change: Partial<MethodJob> & { readonly teacher?: Architecture | null } = {}): MethodJob {
  const { teacher = tinyCnn(3), ...rest } = change
  const { signature } = tinyImages()
  return { signature, student: tinyCnn(), teachers: [teacher], peers: [], batchSize: 8, sources: {}, ...rest }
}
