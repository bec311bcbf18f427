// What Linux tells about a process: whether it is the one that was started, and how much memory it holds.
// On other systems nothing is known, and whoever asks does without. And the one thing that a worker tells Linux.
import { readFile, writeFile } from 'node:fs/promises'

const START_TIME_FIELD = 22

/** Start time of a process in clock ticks since boot: with the pid, its identity. Null when there is no such process. */
export async function processStartTime(pid: number): Promise<string | null> {
  const stat = await readOrNull(`/proc/${pid}/stat`)
  // the second field is the command in parentheses and may itself hold spaces and parentheses
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[START_TIME_FIELD - 3] ?? null
}

/** Resident memory in bytes, or null when it cannot be known. */
export async function residentBytes(pid: number): Promise<number | null> {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec((await readOrNull(`/proc/${pid}/status`)) ?? '')?.[1]
  return kb === undefined ? null : Number(kb) * 1024
}

/** How often the kernel has killed a process for want of memory since boot; null when it does not say. */
export async function outOfMemoryKills(): Promise<number | null> {
  const count = /^oom_kill (\d+)$/m.exec((await readOrNull('/proc/vmstat')) ?? '')?.[1]
  return count === undefined ? null : Number(count)
}

/** Of 1000, added to a trainer's own score. */
const EXPENDABLE = 500

/** When memory runs out, the kernel ends this process before the worker, whose loss costs all jobs of the machine. */
export async function makeExpendable(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/oom_score_adj`, String(EXPENDABLE)).catch(() => {})
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return null
  }
}
