// Saves an artifact to disk: next to its place first, renamed once its sha256 is the announced one.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Client } from '@stillhouse/client'
import type { Artifact } from '@stillhouse/spec'
import { CliError } from './cli-error.ts'

/** @throws CliError when what arrived is not what was announced; nothing is left at `file` then */
export async function saveArtifact(
  client: Client,
  jobId: string,
  { artifact, file }: { artifact: Artifact; file: string },
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  const { stream } = await client.downloadArtifact(jobId, artifact.path)
  const hash = createHash('sha256')
  const part = `${file}.part`
  await pipeline(
    stream,
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(part),
  )
  const received = hash.digest('hex')
  if (received !== artifact.sha256) {
    await rm(part)
    throw new CliError(
      `${artifact.path} arrived damaged: expected sha256 ${artifact.sha256}, received ${received}; try again`,
    )
  }
  await rename(part, file)
}
