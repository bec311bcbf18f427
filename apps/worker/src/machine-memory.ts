// How much memory there is for trainers: what the machine has, or what the container is allowed if that is less.
import { totalmem } from 'node:os'

/**
 * GB (2^30 bytes), cut to hundredths.
 * @param limit of the control group; 0, or more than there is, where there is none
 */
export function machineMemoryGb(total: number = totalmem(), limit: number = process.constrainedMemory()): number {
  const bytes = limit > 0 ? Math.min(total, limit) : total
  return Math.floor((bytes / 2 ** 30) * 100) / 100
}
