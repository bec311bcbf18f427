// One structured log format for all processes: JSON lines on stdout, secrets removed by path, and by what they are.
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import { secretScrubber } from './scrub-secrets.ts'

export type Logger = PinoLogger

const SECRETS = [
  'authorization',
  'token',
  'apiKey',
  'key',
  'password',
  'secret',
  'databaseUrl',
  'queueUrl',
  'WORKER_TOKEN',
  'BOOTSTRAP_API_KEY',
  'DATABASE_URL',
  'QUEUE_URL',
]

/**
 * A logger for one process; `name` is the process's role (`api`, `worker` …).
 * @param destination where lines go; stdout by default
 */
export function createLogger(
  name: string,
  level: string = process.env['LOG_LEVEL'] ?? 'info',
  destination?: DestinationStream,
): Logger {
  const options = {
    name,
    level,
    redact: { paths: SECRETS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[secret]' },
    hooks: { streamWrite: secretScrubber(process.env) },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
