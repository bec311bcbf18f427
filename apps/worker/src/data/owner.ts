// Which process something in the cache belongs to: several workers may share a cache, and one that was killed must not
// hold its data for ever.
import { hostname } from 'node:os'
import { processStartTime } from '../process-facts.ts'

export interface Owner {
  readonly host: string
  readonly pid: number
  readonly startTime: string | null
}

export async function thisProcess(): Promise<Owner> {
  return { host: hostname(), pid: process.pid, startTime: await processStartTime(process.pid) }
}

/** Of a process on another host nothing is known, so it counts as alive. */
export async function mayBeAlive({ host, pid, startTime }: Owner): Promise<boolean> {
  return host !== hostname() || (await processStartTime(pid)) === startTime
}
