// A note on disk for each running trainer. A worker that is killed with -9 cannot clean up; its trainers end by
// themselves, and should one be stuck in the kernel or in a driver, the next worker finds the note and ends it.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@stillhouse/kit'
import { processStartTime } from './process-facts.ts'

/** Pids are reused, so a process is named by pid and start time; and a scratch folder may be shared between hosts. */
interface TrainerRecord {
  readonly host: string
  readonly trainer: ProcessId
  readonly worker: ProcessId
  /** Folder of the attempt, or null while the trainer is idle. */
  readonly scratch: string | null
}

interface ProcessId {
  readonly pid: number
  readonly startTime: string
}

export interface TrainerRecords {
  /** Notes that `pid` works in `scratch`; a later note replaces an earlier one. */
  write(pid: number, scratch: string | null): Promise<void>
  remove(pid: number): Promise<void>
  /** Ends trainers whose worker is gone and removes their folders. */
  cleanUp(): Promise<void>
}

export function createTrainerRecords(scratchDir: string, logger: Logger): TrainerRecords {
  const dir = join(scratchDir, '.trainers')
  const fileOf = (pid: number): string => join(dir, `${hostname()}-${pid}.json`)
  return {
    write: async (pid, scratch) => {
      const [trainer, worker] = await Promise.all([identify(pid), identify(process.pid)])
      if (!trainer || !worker) return
      await mkdir(dir, { recursive: true })
      const record: TrainerRecord = { host: hostname(), trainer, worker, scratch }
      await writeFile(fileOf(pid), JSON.stringify(record))
    },
    remove: (pid) => rm(fileOf(pid), { force: true }),
    cleanUp: async () => {
      for (const name of await readdir(dir).catch(() => [])) await cleanUpAfter(join(dir, name), logger)
    },
  }
}

async function cleanUpAfter(file: string, logger: Logger): Promise<void> {
  const record = await readRecord(file)
  if (record && (record.host !== hostname() || (await isAlive(record.worker)))) return
  if (record && (await isAlive(record.trainer))) {
    logger.warn({ pid: record.trainer.pid }, 'ending a trainer whose worker is gone')
    process.kill(record.trainer.pid, 'SIGKILL')
  }
  if (record?.scratch) await rm(record.scratch, { recursive: true, force: true })
  await rm(file, { force: true })
}

/** Null for a file that was cut off while it was written. */
async function readRecord(file: string): Promise<TrainerRecord | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as TrainerRecord
  } catch {
    return null
  }
}

async function identify(pid: number): Promise<ProcessId | null> {
  const startTime = await processStartTime(pid)
  return startTime === null ? null : { pid, startTime }
}

async function isAlive({ pid, startTime }: ProcessId): Promise<boolean> {
  return (await processStartTime(pid)) === startTime
}
