// Chooses the store by the scheme of ARTIFACT_URL.
import { fileURLToPath } from 'node:url'
import { EnvError } from '@stillhouse/kit'
import type { ArtifactStore } from './artifact-store.ts'
import { createFileStore } from './file-store.ts'
import { createS3Store } from './s3-store.ts'

/**
 * The store at `url`: `file:///folder` or `s3://bucket/prefix`. For S3 the environment gives AWS_REGION, the AWS_*
 * credentials, S3_ENDPOINT for servers other than Amazon's and S3_FORCE_PATH_STYLE. Nothing is contacted yet.
 * @throws EnvError when the URL does not fit
 */
export function createArtifactStore(url: string, env: NodeJS.ProcessEnv = process.env): ArtifactStore {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'file:') return createFileStore(folderOf(parsed))
  if (parsed?.protocol === 's3:' && parsed.host !== '') return createS3Store(parsed, env)
  throw unfit(parsed === undefined ? 'no URL' : `a URL that starts with ${parsed.protocol}//${parsed.host}`)
}

function folderOf(url: URL): string {
  if (url.host !== '') throw unfit(`a file URL with the host ${url.host}`)
  return fileURLToPath(url)
}

function unfit(received: string): EnvError {
  return new EnvError([`ARTIFACT_URL: expected file:///folder or s3://bucket/prefix, received ${received}`])
}
