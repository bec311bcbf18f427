// Stores the folders that a trainer announces: the content first, then the word to the API that it is there.
import type { Logger } from '@stillhouse/kit'
import type { StoredFile, TrainerToWorker } from '@stillhouse/spec'
import { describeError, isDiskFull } from './api-failure.ts'
import type { AttemptApi } from './attempt-api.ts'
import { AbandonedError } from './attempt-control.ts'
import type { ReportBatcher } from './report-batcher.ts'
import { type TrainerRights, TrainerRightsError } from './trainer-rights.ts'
import { uploadFiles } from './upload-files.ts'

export type Message<T extends TrainerToWorker['type']> = Extract<TrainerToWorker, { type: T }>

export interface FileKeeper {
  /** Notes a checkpoint; one that was noted before and is not stored yet is superseded. */
  noteCheckpoint(message: Message<'checkpoint'>): void
  /** Stores the noted checkpoint, if there is one. */
  keepCheckpoint(): Promise<void>
  keepTeacher(message: Message<'teacher'>): Promise<void>
  keepArtifacts(message: Message<'artifacts'>): Promise<void>
}

export interface FileKeeperOptions {
  readonly api: AttemptApi
  readonly batcher: ReportBatcher
  readonly rights: Pick<TrainerRights, 'mayStore'>
  readonly logger: Logger
}

export function createFileKeeper({ api, batcher, rights, logger }: FileKeeperOptions): FileKeeper {
  let noted: Message<'checkpoint'> | null = null

  async function upload(dir: string, prefix = ''): Promise<StoredFile[]> {
    await rights.mayStore(dir)
    return uploadFiles({ api, dir, prefix })
  }

  async function storeCheckpoint({ dir, stage, step, metricSeq }: Message<'checkpoint'>): Promise<void> {
    const files = await upload(dir)
    // a resume goes on after metricSeq, so everything up to it has to be there first
    await batcher.flush()
    await api.saveCheckpoint({ stage, step, metricSeq, files })
  }

  return {
    noteCheckpoint: (message) => {
      noted = message
    },
    keepCheckpoint: async () => {
      const checkpoint = noted
      noted = null
      if (!checkpoint) return
      try {
        await storeCheckpoint(checkpoint)
      } catch (error) {
        if (error instanceof AbandonedError || error instanceof TrainerRightsError || isDiskFull(error)) throw error
        const { stage, step } = checkpoint
        logger.warn({ err: error, stage, step }, 'a checkpoint was not stored')
        // the trainer takes a folder away when it has written two newer ones: then there is nothing to tell
        if (noted) return
        // a lost checkpoint costs time at the next restart, not the job
        batcher.addLog('warn', `The checkpoint at step ${step} was not stored: ${describeError(error)}`)
      }
    },
    keepTeacher: async ({ key, dir, metrics }) => {
      await api.saveTeacher({ key, files: await upload(dir), metrics })
    },
    keepArtifacts: async ({ kind, prefix, dir }) => {
      const files = await upload(dir, prefix)
      if (files.length > 0) await api.saveArtifacts({ kind, files })
    },
  }
}
