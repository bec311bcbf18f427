// Compares the rows that name files with the artifact store, and the store with the rows: in small steps that can be
// broken off anywhere, so that a store of any size holds up nobody.
import type { JobContext } from './job-context.ts'
import type { MendOptions } from './mend.ts'
import { walkArtifacts, walkCheckpoints } from './mend-missing-files.ts'
import { walkBlobs, walkLeftovers } from './mend-orphans.ts'
import type { Step, Walk } from './walk-step.ts'

/** Where a walk stands: which part of it, and the last thing of that part that was looked at. */
export interface Place {
  readonly part: WalkPart
  readonly after: string
}

const WALKS = {
  artifacts: walkArtifacts,
  checkpoints: walkCheckpoints,
  blobs: walkBlobs,
  leftovers: walkLeftovers,
} as const satisfies Record<string, Walk>

export type WalkPart = keyof typeof WALKS

export const WALK_PARTS = Object.keys(WALKS) as WalkPart[]

export const WALK_START: Place = { part: 'artifacts', after: '' }

/** The beginning of the part that follows; null after the last. */
export function partAfter(part: WalkPart): Place | null {
  const following = WALK_PARTS[WALK_PARTS.indexOf(part) + 1]
  return following === undefined ? null : { part: following, after: '' }
}

/** One step; `next` is null at the end of the walk. */
export async function walkOn(
  context: JobContext,
  { part, after }: Place,
  options: MendOptions = {},
): Promise<Omit<Step, 'last'> & { next: Place | null }> {
  const { last, ...step } = await WALKS[part](context, after, options)
  return { ...step, next: last === null ? partAfter(part) : { part, after: last } }
}
