// Secrets that were seen lately, so many of them and by their hash only: what lies in memory opens nothing.
import { hash } from 'node:crypto'

export interface RecentSecrets {
  has(secret: string): boolean
  add(secret: string): void
  delete(secret: string): void
}

/** @param most the oldest goes when there would be more */
export function createRecentSecrets(most: number): RecentSecrets {
  const digests = new Set<string>()
  const digestOf = (secret: string): string => hash('sha256', secret, 'base64')
  return {
    has: (secret) => digests.has(digestOf(secret)),
    add: (secret) => {
      digests.add(digestOf(secret))
      const [oldest] = digests
      if (digests.size > most && oldest !== undefined) digests.delete(oldest)
    },
    delete: (secret) => {
      digests.delete(digestOf(secret))
    },
  }
}
