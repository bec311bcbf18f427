// One structured log format for all processes: JSON lines on stdout, secrets removed by path.
import { type Logger as PinoLogger, pino } from 'pino'

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

/** A logger for one process; `name` is the process's role (`api`, `worker` …). */
export function createLogger(name: string, level: string = process.env['LOG_LEVEL'] ?? 'info'): Logger {
  return pino({
    name,
    level,
    redact: { paths: SECRETS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[secret]' },
  })
}
