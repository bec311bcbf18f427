// What a Redis must be to hold the queue, judged by what it says of itself: some providers forbid CONFIG, none INFO.
import { EnvError } from '@stillhouse/kit'

const OLDEST = { major: 6, minor: 2 } as const

export interface RedisDemands {
  /** Where the server is, for the message. */
  readonly place: string
  /** Accept a server that may drop keys when its memory is full. */
  readonly allowEviction: boolean
}

/** `info` is the answer to INFO. @throws EnvError when the version or the eviction policy does not fit */
export function assertRedisFits(info: string, { place, allowEviction }: RedisDemands): void {
  const version = fieldOf(info, 'redis_version') ?? 'unknown'
  if (!isNewEnough(version))
    throw new EnvError([
      `QUEUE_URL: the Redis at ${place} has version ${version}, expected ${OLDEST.major}.${OLDEST.minor} or newer; upgrade it`,
    ])
  const policy = fieldOf(info, 'maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction' && !allowEviction)
    throw new EnvError([
      `QUEUE_URL: the Redis at ${place} has maxmemory-policy ${policy}, expected noeviction: with any other policy it ` +
        `drops jobs and locks when its memory is full. Give the queue a Redis of its own and set it there ` +
        `(CONFIG SET maxmemory-policy noeviction, and in redis.conf), or set QUEUE_ALLOW_EVICTION=1 to accept the loss`,
    ])
}

function fieldOf(info: string, key: string): string | undefined {
  return info
    .split(/\r?\n/)
    .find((line) => line.startsWith(`${key}:`))
    ?.slice(key.length + 1)
    .trim()
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)
}
