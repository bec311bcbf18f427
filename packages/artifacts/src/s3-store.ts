// Artifacts in an S3 bucket, Amazon's or any server that speaks the protocol. Content is spooled to a local file and
// checked there first, so that nothing wrong is ever visible under a key; large files then go up in parts.
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { ApiError } from '@stillhouse/kit'
import type { ArtifactStore, ByteRange, StoredBlob, StoredContent } from './artifact-store.ts'
import { assertDigest } from './assert-digest.ts'
import { blobNotFound } from './blob-not-found.ts'
import { clipRange } from './clip-range.ts'
import { s3Config } from './s3-config.ts'
import { storageError } from './storage-error.ts'
import { writeCheckedFile, writeHashedFile } from './write-checked-file.ts'

const PLACE = 'The folder for temporary files (TMPDIR)'
const PING_MS = 5000
const DIGEST = /^[0-9a-f]{64}$/

interface Bucket {
  readonly client: S3Client
  readonly name: string
  readonly keyOf: (name: string) => string
}

/** A store under `s3://bucket/prefix`. */
export function createS3Store(url: URL, env: NodeJS.ProcessEnv): ArtifactStore {
  const prefix = url.pathname.split('/').filter(Boolean).join('/')
  const bucket: Bucket = {
    client: new S3Client(s3Config(env)),
    name: url.host,
    keyOf: (name) => (prefix === '' ? name : `${prefix}/${name}`),
  }
  return {
    has: async (sha256) => (await sizeOf(bucket, sha256)) !== undefined,
    async size(sha256) {
      const size = await sizeOf(bucket, sha256)
      if (size === undefined) throw blobNotFound(sha256)
      return size
    },
    put: (sha256, content) => put(bucket, sha256, content),
    add: (content, announce) => add(bucket, content, announce),
    get: (sha256, range) => get(bucket, sha256, range),
    delete: (sha256) => remove(bucket, sha256),
    list: (after, limit) => list(bucket, after, limit),
    // parts of uploads that were broken off are the business of a lifecycle rule of the bucket
    leftovers: async () => [],
    removeLeftover: async () => {},
    ping: () => ping(bucket),
    close: async () => bucket.client.destroy(),
  }
}

async function put(bucket: Bucket, sha256: string, content: Readable): Promise<void> {
  await withSpool(
    content,
    () => assertDigest(sha256),
    async (path) => {
      await writeCheckedFile(path, { sha256, content, place: PLACE })
      await upload(bucket, sha256, path)
    },
  )
}

async function add(
  bucket: Bucket,
  content: Readable,
  announce?: (sha256: string) => Promise<void>,
): Promise<StoredContent> {
  return withSpool(
    content,
    () => {},
    async (path) => {
      const stored = await writeHashedFile(path, { content, place: PLACE })
      await announce?.(stored.sha256)
      await upload(bucket, stored.sha256, path)
      return stored
    },
  )
}

/** Runs `use` with the path of a file that is not there yet and is gone afterwards. */
async function withSpool<T>(content: Readable, check: () => void, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await spoolFolder(content, check)
  try {
    return await use(join(folder, 'content'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function spoolFolder(content: Readable, check: () => void): Promise<string> {
  try {
    check()
    return await mkdtemp(join(tmpdir(), 'stillhouse-blob-'))
  } catch (error) {
    content.resume()
    throw storageError(error, PLACE)
  }
}

async function upload(bucket: Bucket, sha256: string, path: string): Promise<void> {
  if ((await sizeOf(bucket, sha256)) !== undefined) return
  const body = createReadStream(path)
  try {
    await new Upload({
      client: bucket.client,
      params: { Bucket: bucket.name, Key: bucket.keyOf(sha256), Body: body },
    }).done()
  } catch (error) {
    throw unavailable(bucket, 'write', error)
  } finally {
    body.destroy()
  }
}

async function get(bucket: Bucket, sha256: string, range: ByteRange | undefined): Promise<Readable> {
  const Key = bucket.keyOf(assertDigest(sha256))
  if (range !== undefined) return getRange(bucket, sha256, range)
  const { Body } = await fetchBlob(bucket, sha256, { Bucket: bucket.name, Key })
  return Body as Readable
}

async function getRange(bucket: Bucket, sha256: string, range: ByteRange): Promise<Readable> {
  const size = await sizeOf(bucket, sha256)
  if (size === undefined) throw blobNotFound(sha256)
  const { start, end } = clipRange(range, size)
  const input = { Bucket: bucket.name, Key: bucket.keyOf(sha256), Range: `bytes=${start}-${end}` }
  const { Body, ContentRange } = await fetchBlob(bucket, sha256, input)
  const expected = `bytes ${start}-${end}/${size}`
  if (ContentRange === expected) return Body as Readable
  ;(Body as Readable).destroy()
  const answered = new Error(`asked for ${expected}, the server answered with ${ContentRange ?? 'the whole object'}`)
  throw unavailable(bucket, 'read', answered)
}

async function fetchBlob(
  bucket: Bucket,
  sha256: string,
  input: GetObjectCommandInput,
): Promise<GetObjectCommandOutput> {
  try {
    return await bucket.client.send(new GetObjectCommand(input))
  } catch (error) {
    throw isMissing(error) ? blobNotFound(sha256) : unavailable(bucket, 'read', error)
  }
}

async function sizeOf(bucket: Bucket, sha256: string): Promise<number | undefined> {
  const Key = bucket.keyOf(assertDigest(sha256))
  try {
    const { ContentLength } = await bucket.client.send(new HeadObjectCommand({ Bucket: bucket.name, Key }))
    return ContentLength ?? 0
  } catch (error) {
    if (isMissing(error)) return undefined
    throw unavailable(bucket, 'read', error)
  }
}

async function remove(bucket: Bucket, sha256: string): Promise<void> {
  const Key = bucket.keyOf(assertDigest(sha256))
  try {
    await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key }))
  } catch (error) {
    throw unavailable(bucket, 'delete from', error)
  }
}

async function list(bucket: Bucket, after: string, limit: number): Promise<StoredBlob[]> {
  const found: StoredBlob[] = []
  const [from, prefix] = [after === '' ? after : assertDigest(after), bucket.keyOf('')]
  let page: ListObjectsV2CommandOutput | undefined
  do {
    page = await listPage(bucket, { prefix, from, token: page?.NextContinuationToken })
    for (const { Key = '', Size = 0, LastModified = new Date() } of page.Contents ?? []) {
      const sha256 = Key.slice(prefix.length)
      if (DIGEST.test(sha256) && sha256 > from) found.push({ sha256, size: Size, storedAt: LastModified })
    }
  } while (page.NextContinuationToken !== undefined && found.length < limit)
  return found.slice(0, limit)
}

async function listPage(
  bucket: Bucket,
  { prefix, from, token }: { prefix: string; from: string; token: string | undefined },
): Promise<ListObjectsV2CommandOutput> {
  const start = token === undefined ? { StartAfter: `${prefix}${from}` } : { ContinuationToken: token }
  try {
    const input = { Bucket: bucket.name, Prefix: prefix, ...start }
    return await bucket.client.send(new ListObjectsV2Command(input))
  } catch (error) {
    throw unavailable(bucket, 'list', error)
  }
}

async function ping(bucket: Bucket): Promise<void> {
  const probe = new PutObjectCommand({ Bucket: bucket.name, Key: bucket.keyOf('ping'), Body: 'ping' })
  try {
    await bucket.client.send(probe, { abortSignal: AbortSignal.timeout(PING_MS) })
  } catch (error) {
    throw unavailable(bucket, 'write', error)
  }
}

/** A missing bucket is not missing content: it is a fault of the set-up and must not read as "not found". */
function isMissing(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey')
}

function unavailable(bucket: Bucket, verb: string, error: unknown): ApiError {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new ApiError(
    'service.unavailable',
    `Could not ${verb} the S3 bucket ${bucket.name} (${said}). Check that the bucket exists, ` +
      `the credentials allow it, and S3_ENDPOINT and AWS_REGION point to it.`,
    { cause: error },
  )
}
