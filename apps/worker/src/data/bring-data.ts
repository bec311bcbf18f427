// Before an attempt begins: the files of every data set that its job takes from elsewhere, in folders on this worker.
import { setMaxListeners } from 'node:events'
import type { ObjectReader } from '@stillhouse/artifacts'
import { type DataSource, type JobSpec, MAIN_DATA } from '@stillhouse/spec'
import type { AttemptRun } from '../attempt-run.ts'
import { assertOpenBucket, bucketData } from './bucket-data.ts'
import type { DataCache, HeldData } from './data-cache.ts'
import { bytesOf, type RemoteData } from './remote-data.ts'
import { progressText, type Transfer } from './transfer-progress.ts'
import { uploadedData } from './uploaded-data.ts'

/** Most objects of a folder in S3. */
const MAX_OBJECTS = 100_000

/** What a worker's attempts share. */
export interface DataStore {
  readonly cache: DataCache
  /** Reads S3 with this worker's credentials; only asked for when a job needs it. */
  readonly openObjects: () => Promise<ObjectReader>
}

type Run = Pick<AttemptRun, 'api' | 'batcher' | 'claim' | 'control' | 'settings'>

export interface BroughtData {
  /** By the name of the data set in the job. */
  readonly folders: Readonly<Record<string, string>>
  release(): Promise<void>
}

/**
 * Tells the job's log how it goes.
 * @returns null when the attempt was asked to stop meanwhile
 * @throws DataError and whatever else stands in the way
 */
export async function bringData(store: DataStore, run: Run): Promise<BroughtData | null> {
  const { control } = run
  const signal = AbortSignal.any([control.stopping, control.abandoned])
  setMaxListeners(0, signal)
  const held: [string, HeldData][] = []
  const release = async (): Promise<void> => {
    for (const [, data] of held.splice(0)) await data.release()
  }
  try {
    for (const [name, from] of sourcesOf(run.claim.spec))
      held.push([name, await bring(store, run, { name, from, signal })])
    return { folders: Object.fromEntries(held.map(([name, { dir }]) => [name, dir])), release }
  } catch (error) {
    await release()
    control.abandoned.throwIfAborted()
    if (control.stopping.aborted) return null
    throw error
  }
}

function sourcesOf({ data, sources }: JobSpec): [string, DataSource][] {
  const all = [[MAIN_DATA, data.from], ...Object.entries(sources ?? {}).map(([name, { from }]) => [name, from])]
  return (all as [string, DataSource | undefined][]).filter((one): one is [string, DataSource] => one[1] !== undefined)
}

interface Wanted {
  readonly name: string
  readonly from: DataSource
  readonly signal: AbortSignal
}

async function bring(store: DataStore, run: Run, { name, from, signal }: Wanted): Promise<HeldData> {
  const { api, batcher, settings } = run
  const say = (text: string): void => batcher.addLog('info', `${name}: ${text}`)
  const tell = (done: Transfer, total: Transfer): void => {
    say(progressText(done, total))
    batcher.setProgress(progressOf(done, total))
  }
  if ('s3' in from) assertOpenBucket(from.s3, settings.dataBuckets)
  const reader = 's3' in from ? await store.openObjects() : null
  try {
    const data =
      's3' in from && reader !== null
        ? await bucketData(from.s3, {
            reader,
            limits: { maxObjects: MAX_OBJECTS, maxBytes: store.cache.maxBytes },
            patienceMs: settings.uploadMs,
            signal,
          })
        : await uploadedData(api, (from as { upload: string }).upload, signal)
    const held = await store.cache.acquire(data, { signal, onProgress: tell })
    if (held.cached) say(`${progressText(totalOf(data), totalOf(data))}, all of it in the cache of this worker`)
    return held
  } finally {
    reader?.close()
  }
}

function totalOf(data: RemoteData): Transfer {
  return { files: data.files.length, bytes: bytesOf(data) }
}

/** The transfer as a stage of the job: steps are files. */
function progressOf(done: Transfer, total: Transfer) {
  const epoch = total.bytes === 0 ? 1 : done.bytes / total.bytes
  return { stage: 'data', stageIndex: 0, stageCount: 1, step: done.files, steps: total.files, epoch, epochs: 1 }
}
