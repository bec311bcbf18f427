// What a trainer may have its worker do. The worker's key reads what every team has sent and writes to the store; a
// trainer runs what users configured, so it gets the models that its own job names, and has stored what it wrote itself.
import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, sep } from 'node:path'
import type { JobSpec, ModelReference } from '@stillhouse/spec'

export interface TrainerRights {
  /** @throws TrainerRightsError for a model that the job does not name */
  mayFetch(reference: ModelReference): void
  /** @throws TrainerRightsError for a folder outside the trainer's own, also behind a link */
  mayStore(dir: string): Promise<void>
}

/** The trainer asked for what it has no business with. */
export class TrainerRightsError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TrainerRightsError'
  }
}

/** @param work folder that the trainer writes to */
export function trainerRights({ teachers }: Pick<JobSpec, 'teachers'>, work: string): TrainerRights {
  return {
    mayFetch: (reference) => {
      // a trained teacher is named by a hash over all that determines it: only who has that can ask
      if ('teacherKey' in reference) return
      if (teachers.some(({ from }) => from !== undefined && sameModel(from, reference))) return
      throw new TrainerRightsError(`The trainer asked for a model that its job does not name: ${textOf(reference)}.`)
    },
    mayStore: async (dir) => {
      const [root, wanted] = await Promise.all([realpath(work), realpath(dir)])
      const way = relative(root, wanted)
      if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) return
      throw new TrainerRightsError(`The trainer asked to store files from outside its folder: ${JSON.stringify(dir)}.`)
    },
  }
}

type Source = { readonly job?: string; readonly upload?: string }

function sameModel(from: Source, asked: Source): boolean {
  return asked.job === undefined ? asked.upload === from.upload : asked.job === from.job
}

function textOf(reference: ModelReference): string {
  return JSON.stringify(reference).slice(0, 200)
}
