// The folder of one attempt: everything that a trainer writes and that a worker downloads for it, gone when it ends, and
// nobody else's on this machine to read.
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AttemptRef } from './worker-api.ts'

export interface Scratch {
  /** Empty folder that the trainer writes to. */
  readonly work: string
  /** Where a checkpoint to resume from is put. */
  readonly checkpoint: string
  /** Where fetched models are put, one folder each. */
  readonly models: string
  readonly root: string
  remove(): Promise<void>
}

/** Makes `<scratchDir>/<job>/attempt-<n>` empty. */
export async function makeScratch(scratchDir: string, { jobId, attempt }: AttemptRef): Promise<Scratch> {
  const root = join(scratchDir, jobId, `attempt-${attempt}`)
  const work = join(root, 'work')
  await rm(root, { recursive: true, force: true })
  await mkdir(root, { recursive: true, mode: 0o700 })
  await mkdir(work, { mode: 0o700 })
  return {
    root,
    work,
    checkpoint: join(root, 'checkpoint'),
    models: join(root, 'models'),
    remove: async () => {
      await rm(root, { recursive: true, force: true })
      // the job's folder stays while another attempt of it lies there
      await rmdir(dirname(root)).catch(() => {})
    },
  }
}
