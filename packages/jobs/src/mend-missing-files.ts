// Rows whose file is not in the store. An artifact stays on the list, since its hash tells what was lost; the job says so
// once. A checkpoint that cannot be read any more is of no use, and stands in the place of one that could.
import type { ArtifactEntry, ArtifactPlace, CheckpointEntry, NewMend, Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { DatasetFile, StoredFile } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { type MendOptions, mend } from './mend.ts'
import { missingFiles } from './missing-files.ts'
import type { Step } from './walk-step.ts'

const ROWS = 200
/** So many files, and none of them there: then it is the store that is missing. */
const SUSPICIOUS = 10
const NO_JOB = '00000000-0000-0000-0000-000000000000'

/** @param after `<job id>/<path>` of the last artifact */
export async function walkArtifacts(context: JobContext, after: string, options: MendOptions): Promise<Step> {
  const entries = await context.db.read(({ census }) => census.artifactsAfter(placeOf(after), ROWS))
  const missing = await trulyMissing(context, entries)
  const found = missing.length === 0 ? [] : await mend(context, options, (tx) => tellOfArtifacts(tx, missing))
  const last = entries.length < ROWS ? undefined : entries.at(-1)
  return { found, walked: entries.length, last: last ? `${last.jobId}/${last.path}` : null }
}

function placeOf(after: string): ArtifactPlace {
  const slash = after.indexOf('/')
  return slash < 0 ? { jobId: NO_JOB, path: '' } : { jobId: after.slice(0, slash), path: after.slice(slash + 1) }
}

async function tellOfArtifacts(tx: Tables, missing: readonly ArtifactEntry[]): Promise<NewMend[]> {
  const untold = await tx.census.untoldArtifacts(missing)
  for (const { jobId, attempt, path, sha256 } of untold) {
    const message = `The file of the artifact ${path} (sha256 ${sha256}) is not in the artifact store any more.`
    await tx.events.append(jobId, [{ type: 'note', data: { attempt, message } }])
  }
  await tx.signals.jobs([...new Set(untold.map(({ jobId }) => jobId))])
  return untold.map((entry) => ({ kind: 'artifact.missing', target: entry.jobId, detail: { ...entry } }))
}

/** @param after id of the last checkpoint */
export async function walkCheckpoints(context: JobContext, after: string, options: MendOptions): Promise<Step> {
  const entries = await context.db.read(({ census }) => census.checkpointsAfter(Number(after), ROWS))
  const missing = await trulyMissing(
    context,
    entries.flatMap(({ files }) => files),
  )
  const lost = new Set(missing.map(({ sha256 }) => sha256))
  const broken = entries.filter(({ files }) => files.some(({ sha256 }) => lost.has(sha256)))
  const found = broken.length === 0 ? [] : await mend(context, options, (tx) => drop(context, tx, { broken, lost }))
  const last = entries.length < ROWS ? undefined : entries.at(-1)
  return { found, walked: entries.length, last: last ? String(last.id) : null }
}

async function drop(
  { settings }: JobContext,
  tx: Tables,
  { broken, lost }: { broken: readonly CheckpointEntry[]; lost: ReadonlySet<string> },
): Promise<NewMend[]> {
  const dropped: NewMend[] = []
  for (const { id, jobId, attempt, stage, step, files } of broken) {
    if (!(await tx.census.dropCheckpoint(id))) continue
    await tx.staleBlobs.mark(digestsOf(files), settings.staleBlobSeconds)
    const missing = files.filter(({ sha256 }) => lost.has(sha256)).map(({ path }) => path)
    const message = `The checkpoint of step ${step} of ${stage} is lost: ${missing.join(', ')} is not in the artifact store.`
    await tx.events.append(jobId, [{ type: 'note', data: { attempt, message } }])
    dropped.push({ kind: 'checkpoint.missing', target: jobId, detail: { jobId, attempt, stage, step, missing } })
  }
  await tx.signals.jobs([...new Set(broken.map(({ jobId }) => jobId))])
  return dropped
}

const digestsOf = (files: readonly StoredFile[]): string[] => files.map(({ sha256 }) => sha256)

/** @throws ApiError service.unavailable when it is rather the store that is not the right one, or a disk not mounted */
async function trulyMissing<T extends DatasetFile>({ artifacts }: JobContext, files: readonly T[]): Promise<T[]> {
  const missing = await missingFiles(files, artifacts)
  if (missing.length === 0) return missing
  const allOfMany = missing.length === files.length && files.length >= SUSPICIOUS
  if (!allOfMany && (await artifacts.list('', 1)).length > 0) return missing
  throw new ApiError(
    'service.unavailable',
    `None of the ${files.length} files that were looked for is in the artifact store. Nothing was mended: check that ` +
      'ARTIFACT_URL points to the right store, and that its disk is mounted.',
  )
}
