// How an S3 server is reached: the same variables for the artifact store and for data sets that jobs name.
import type { S3ClientConfig } from '@aws-sdk/client-s3'

const CONNECT_MS = 5000
/** Silence on a connection, not the length of a transfer. */
const SILENCE_MS = 60_000

/** From AWS_REGION, the AWS_* credentials, S3_ENDPOINT and S3_FORCE_PATH_STYLE; without credentials the SDK looks for its own. */
export function s3Config(env: NodeJS.ProcessEnv): S3ClientConfig {
  const { S3_ENDPOINT, S3_FORCE_PATH_STYLE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || (S3_ENDPOINT ? 'us-east-1' : undefined)
  return {
    ...(region && { region }),
    ...(S3_ENDPOINT && {
      endpoint: S3_ENDPOINT,
      // Other servers often lack the SDK's newer checksums; the digest has been checked before anything is sent.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    }),
    ...(AWS_ACCESS_KEY_ID &&
      AWS_SECRET_ACCESS_KEY && {
        credentials: {
          accessKeyId: AWS_ACCESS_KEY_ID,
          secretAccessKey: AWS_SECRET_ACCESS_KEY,
          ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
        },
      }),
    forcePathStyle: S3_FORCE_PATH_STYLE === 'true' || S3_FORCE_PATH_STYLE === '1',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  }
}
