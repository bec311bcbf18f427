// Chooses the backend by the scheme of QUEUE_URL.
import { EnvError } from '@stillhouse/kit'
import { createPostgresQueueBackend } from './postgres-queue-backend.ts'
import type { QueueBackend } from './queue-backend.ts'
import { createRedisQueueBackend } from './redis-queue-backend.ts'

/** The backend at `url`; nothing is contacted yet. @throws EnvError for a URL of any other kind */
export function chooseBackend(url: string, env: NodeJS.ProcessEnv = process.env): QueueBackend {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  switch (parsed?.protocol) {
    case 'redis:':
    case 'rediss:':
      return createRedisQueueBackend(parsed, { allowEviction: env['QUEUE_ALLOW_EVICTION'] === '1' })
    case 'postgres:':
    case 'postgresql:':
      return createPostgresQueueBackend(parsed)
    default: {
      const received = parsed === undefined ? 'no URL' : `one that starts with ${parsed.protocol}`
      throw new EnvError([`QUEUE_URL: expected a redis://, rediss:// or postgresql:// URL, received ${received}`])
    }
  }
}
