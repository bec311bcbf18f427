// A data set in a folder of an S3 bucket, read with this worker's own credentials. What was listed is what is read: the
// key is made of every object's name, size and ETag, so changed objects are another data set.
import { hash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { FoundObject, ListLimits, ObjectErrorReason, ObjectReader } from '@stillhouse/artifacts'
import { canonicalJson, datasetPathFaults, type FailureCode } from '@stillhouse/spec'
import { mayPass } from '../api-failure.ts'
import { retry } from '../retry.ts'
import { DataError } from './data-error.ts'
import type { RemoteData } from './remote-data.ts'

export interface Bucket {
  readonly reader: ObjectReader
  readonly limits: ListLimits
  /** How long a server that is down is asked again. */
  readonly patienceMs: number
  readonly signal: AbortSignal
}

/** @throws DataError data.not_found, data.invalid, spec.rejected (too large) or worker.upload_failed (server down) */
export async function bucketData(address: string, { reader, limits, patienceMs, signal }: Bucket): Promise<RemoteData> {
  const insist = <T>(task: () => Promise<T>, stop: AbortSignal): Promise<T> =>
    retry(task, { signal: stop, mayPass: mayComeBack, giveUpAfterMs: patienceMs }).catch((error: unknown) => {
      throw dataError(error)
    })
  const objects = await insist(() => reader.list(address, limits, signal), signal)
  assertPlain(objects, address)
  return {
    key: keyOf(address, objects),
    label: `data at ${address}`,
    files: objects.map((object) => ({
      path: object.path,
      size: object.size,
      sha256: null,
      fetch: (target, stop) => insist(() => download({ reader, object }, target, stop), stop),
    })),
  }
}

/**
 * @param open addresses of folders that jobs may name; null: whatever the credentials open
 * @throws DataError data.not_found, before the bucket is asked anything
 */
export function assertOpenBucket(address: string, open: readonly string[] | null): void {
  const wanted = folderAddress(address)
  if (open === null) return
  // keys are names, not paths, but some servers keep them as files
  const climbs = wanted.split('/').some((part) => part === '.' || part === '..')
  if (!climbs && open.some((one) => wanted.startsWith(folderAddress(one)))) return
  throw new DataError(
    'data.not_found',
    `Jobs may not read ${address} on this worker. Expected a folder below ${open.join(', ')} (DATA_BUCKETS of the worker).`,
  )
}

/** With one slash at its end, so that s3://a/b does not open s3://a/bc. */
function folderAddress(address: string): string {
  return `${address.replace(/\/+$/, '')}/`
}

interface Source {
  readonly reader: ObjectReader
  readonly object: FoundObject
}

async function download({ reader, object }: Source, target: string, signal: AbortSignal): Promise<void> {
  await pipeline(await reader.read(object, signal), createWriteStream(target), { signal })
}

function keyOf(address: string, objects: readonly FoundObject[]): string {
  const content = canonicalJson({ address, objects: objects.map(({ key, size, etag }) => [key, size, etag]) })
  return `s3-${hash('sha256', content)}`
}

function assertPlain(objects: readonly FoundObject[], address: string): void {
  const [fault] = datasetPathFaults(objects.map(({ path }) => path))
  if (fault === undefined) return
  const message = `${address} holds the object ${fault.received}: ${fault.message}. Expected ${fault.expected}.`
  throw new DataError('data.invalid', message)
}

const CODES: Readonly<Record<ObjectErrorReason, FailureCode>> = {
  missing: 'data.not_found',
  refused: 'data.not_found',
  'too-large': 'spec.rejected',
  changed: 'worker.upload_failed',
  unavailable: 'worker.upload_failed',
}

/** By its field, since the class is only loaded where a job needs S3. */
function reasonOf(error: unknown): ObjectErrorReason | null {
  return error instanceof Error && error.name === 'ObjectError' && 'reason' in error
    ? (error.reason as ObjectErrorReason)
    : null
}

function mayComeBack(error: unknown): boolean {
  const reason = reasonOf(error)
  return reason === null ? mayPass(error) : reason === 'unavailable'
}

function dataError(error: unknown): unknown {
  const reason = reasonOf(error)
  return reason === null ? error : new DataError(CODES[reason], (error as Error).message, { cause: error })
}
