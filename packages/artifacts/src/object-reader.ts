// Reads what lies in a folder of an S3 bucket: data sets that a job names, with the credentials of this process. A
// listing pins the content: every object is read in the version that was listed, or not at all.
import type { Readable } from 'node:stream'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { s3Config } from './s3-config.ts'

export interface FoundObject {
  readonly bucket: string
  readonly key: string
  /** Path below the folder. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Changes with the content. */
  readonly etag: string
}

export interface ListLimits {
  readonly maxObjects: number
  readonly maxBytes: number
}

/** Every method throws ObjectError, or the signal's reason. */
export interface ObjectReader {
  /** All objects below `s3://bucket/folder`, by key; markers of empty folders are left out. */
  list(address: string, limits: ListLimits, signal?: AbortSignal): Promise<FoundObject[]>
  read(object: FoundObject, signal?: AbortSignal): Promise<Readable>
  close(): void
}

/** missing: nothing is there; refused: the server does not let us; too-large: over a limit; changed: no longer as listed. */
export type ObjectErrorReason = 'missing' | 'refused' | 'too-large' | 'changed' | 'unavailable'

export class ObjectError extends Error {
  readonly reason: ObjectErrorReason

  constructor(reason: ObjectErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ObjectError'
    this.reason = reason
  }
}

interface ObjectFolder {
  readonly bucket: string
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string
}

function folderOf(address: string): ObjectFolder {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(address) ?? []
  return { bucket, prefix: path.replace(/^\/+|\/+$/g, '') }
}

/** @param env credentials and endpoint, as createArtifactStore takes them; nothing is contacted yet */
export function createObjectReader(env: NodeJS.ProcessEnv = process.env): ObjectReader {
  const client = new S3Client(s3Config(env))
  return {
    list: (address, limits, signal) => list(client, folderOf(address), { limits, signal }),
    read: (object, signal) => read(client, object, signal),
    close: () => client.destroy(),
  }
}

interface Listing {
  readonly limits: ListLimits
  readonly signal: AbortSignal | undefined
}

async function list(client: S3Client, folder: ObjectFolder, { limits, signal }: Listing): Promise<FoundObject[]> {
  const found: FoundObject[] = []
  let bytes = 0
  let next: string | undefined
  do {
    const page = await listPage(client, folder, next, signal)
    for (const object of page.objects) {
      found.push(object)
      bytes += object.size
    }
    if (found.length > limits.maxObjects || bytes > limits.maxBytes) throw tooLarge(folder, limits)
    next = page.next
  } while (next !== undefined)
  if (found.length === 0) throw new ObjectError('missing', `There are no objects below ${addressOf(folder)}.`)
  return found
}

async function listPage(
  client: S3Client,
  folder: ObjectFolder,
  from: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ objects: FoundObject[]; next: string | undefined }> {
  const start = folder.prefix === '' ? '' : `${folder.prefix}/`
  const command = new ListObjectsV2Command({
    Bucket: folder.bucket,
    Prefix: start,
    ...(from !== undefined && { ContinuationToken: from }),
  })
  try {
    const page = await client.send(command, signal ? { abortSignal: signal } : {})
    const objects = (page.Contents ?? []).flatMap(({ Key = '', Size = 0, ETag = '' }) =>
      Key.endsWith('/')
        ? []
        : { bucket: folder.bucket, key: Key, path: Key.slice(start.length), size: Size, etag: ETag },
    )
    return { objects, next: page.IsTruncated ? page.NextContinuationToken : undefined }
  } catch (error) {
    signal?.throwIfAborted()
    throw objectError(`list ${addressOf(folder)}`, error)
  }
}

async function read(client: S3Client, object: FoundObject, signal: AbortSignal | undefined): Promise<Readable> {
  const { bucket, key, etag, size } = object
  const address = `s3://${bucket}/${key}`
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, ...(etag !== '' && { IfMatch: etag }) })
  try {
    const {
      Body,
      ETag = etag,
      ContentLength = size,
    } = await client.send(command, signal ? { abortSignal: signal } : {})
    if (ETag === etag && ContentLength === size) return Body as Readable
    ;(Body as Readable).destroy()
  } catch (error) {
    signal?.throwIfAborted()
    throw objectError(`read ${address}`, error)
  }
  throw new ObjectError('changed', `${address} changed while the data set was read.`)
}

const REASONS: Readonly<Record<string, ObjectErrorReason>> = {
  NoSuchBucket: 'missing',
  NoSuchKey: 'changed',
  PreconditionFailed: 'changed',
  CredentialsProviderError: 'refused',
}

function objectError(verb: string, error: unknown): ObjectError {
  const {
    name = 'Error',
    message = String(error),
    $metadata,
  } = error as Error & { $metadata?: { httpStatusCode?: number } }
  const reason = REASONS[name] ?? reasonOfStatus($metadata?.httpStatusCode)
  return new ObjectError(reason, `Could not ${verb} (${name}: ${message}). ${ADVICE[reason]}`, { cause: error })
}

function reasonOfStatus(status = 0): ObjectErrorReason {
  if (status === 404) return 'missing'
  if (status === 412) return 'changed'
  return [301, 307, 400, 401, 403].includes(status) ? 'refused' : 'unavailable'
}

const ADVICE: Readonly<Record<ObjectErrorReason, string>> = {
  missing: 'Check the name of the bucket and S3_ENDPOINT of the worker.',
  refused: 'Give the worker credentials (AWS_*) and the region (AWS_REGION) with which it may list and read there.',
  changed: 'Leave the objects alone while a job reads them.',
  'too-large': 'Name a smaller folder.',
  unavailable: 'The server did not answer as it should; try again.',
}

function tooLarge(folder: ObjectFolder, { maxObjects, maxBytes }: ListLimits): ObjectError {
  return new ObjectError(
    'too-large',
    `There is too much below ${addressOf(folder)}: expected at most ${maxObjects} objects with ${maxBytes} bytes.`,
  )
}

function addressOf({ bucket, prefix }: ObjectFolder): string {
  return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}/`
}
