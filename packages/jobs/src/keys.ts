// API keys as the service knows them: only the hash of a secret is stored. Secrets are long and random, so a plain
// sha256 is enough. Nothing is cached: a key that was withdrawn is refused at the next call, by every replica.
import { hash, timingSafeEqual } from 'node:crypto'
import { type ApiKeyRow, uuidV7 } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { Scope } from '@stillhouse/spec'
import { inBatches } from './in-batches.ts'
import type { JobContext } from './job-context.ts'
import type { KeyHolder } from './job-service.ts'
import { perContext } from './per-context.ts'

/**
 * The key with this secret, or null when there is none.
 * @throws ApiError auth.invalid for one that was revoked, rotated or has expired
 */
export async function authenticate(context: JobContext, secret: string): Promise<KeyHolder | null> {
  const hash = sha256(secret)
  const row = await finder(context)(hash)
  if (row === null) return null
  const refusal = refusalOf(row, hash)
  if (refusal !== null) throw new ApiError('auth.invalid', `The API key "${row.name}" ${refusal}`)
  if (isOld(row.lastUsedAt)) await context.db.transaction((tx) => tx.apiKeys.touch(row.id))
  const { id, name, scopes, teamId, team } = row
  return { id, name, scopes, teamId, team, expiresAt: row.expiresAt?.toISOString() ?? null }
}

/** Looks up the keys of all who ask at about the same time with one query, which starts after they came. */
const finder = perContext(({ db }) =>
  inBatches(
    async (hashes: readonly string[]): Promise<(ApiKeyRow | null)[]> => {
      const rows = await db.read((tables) => tables.apiKeys.findByHashes([...new Set(hashes)]))
      return hashes.map((hash) => rows.find((row) => hasHash(row, hash)) ?? null)
    },
    { most: 200, atOnce: 2 },
  ),
)

function hasHash({ secretHash, previousHash }: ApiKeyRow, hash: string): boolean {
  return equals(secretHash, hash) || equals(previousHash, hash)
}

/** Whoever asks knows the secret, so may hear what became of it. */
function refusalOf(row: ApiKeyRow, hash: string): string | null {
  if (row.revokedAt !== null) return `was revoked at ${row.revokedAt.toISOString()}. Ask an administrator for another.`
  if (row.expired) return `expired at ${row.expiresAt?.toISOString()}. Ask an administrator for another.`
  if (!equals(row.secretHash, hash) && !row.previousValid)
    return 'has been given another secret, and the time for changing over is past. Use the new secret.'
  return null
}

function equals(stored: string | null, hash: string): boolean {
  return stored !== null && timingSafeEqual(Buffer.from(stored), Buffer.from(hash))
}

/** Makes `name` a key of the cluster with this secret and these scopes; a secret it had before is no longer valid. */
export async function ensureKey(
  { db }: JobContext,
  { name, secret, scopes }: { name: string; secret: string; scopes: readonly Scope[] },
): Promise<void> {
  const key = { id: uuidV7(), name, scopes, ...storedSecret(secret) }
  await db.transaction((tx) => tx.apiKeys.set(key))
}

/** What is kept of a secret. */
export function storedSecret(secret: string): { prefix: string; secretHash: string } {
  return { prefix: secret.slice(0, Math.min(8, Math.floor(secret.length / 4))), secretHash: sha256(secret) }
}

function isOld(lastUsedAt: Date | null): boolean {
  return lastUsedAt === null || Date.now() - lastUsedAt.getTime() > 60_000
}

function sha256(text: string): string {
  return hash('sha256', text)
}
