// A real S3 server for tests (s3rver), in this process, with its own bucket and folder.
/// <reference path="./s3rver.d.ts" />
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from 's3rver'

export interface TestS3 {
  /** An ARTIFACT_URL: bucket and prefix. */
  readonly url: string
  /** Endpoint and credentials, for the environment of a process or of createArtifactStore. */
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  /** Closes the port and deletes the files; a second call does nothing. */
  stop(): Promise<void>
}

/** Starts an S3 server on a free loopback port. */
export async function startS3(): Promise<TestS3> {
  const directory = await mkdtemp(join(tmpdir(), 'stillhouse-s3-'))
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: 'artifacts' }],
  })
  const { port } = await server.run()
  let running = true
  return {
    url: 's3://artifacts/test/blobs',
    env: {
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_FORCE_PATH_STYLE: 'true',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
    },
    port,
    async stop() {
      if (!running) return
      running = false
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
