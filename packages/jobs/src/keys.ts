// API keys: only the hash of a secret is stored. Secrets are long and random, so a plain sha256 is enough.
import { createHash, timingSafeEqual } from 'node:crypto'
import { uuidV7 } from '@stillhouse/db'
import type { JobContext } from './job-context.ts'
import type { ApiKey, Scope } from './job-service.ts'

/** The key with this secret, or null when there is none or it was revoked. */
export async function authenticate({ db }: JobContext, secret: string): Promise<ApiKey | null> {
  const hash = sha256(secret)
  const row = await db.read((tables) => tables.apiKeys.findByHash(hash))
  if (!row || row.revokedAt !== null || !timingSafeEqual(Buffer.from(row.secretHash), Buffer.from(hash))) return null
  if (isOld(row.lastUsedAt)) await db.transaction((tx) => tx.apiKeys.touch(row.id))
  return { id: row.id, name: row.name, scopes: row.scopes as Scope[] }
}

/** Makes `name` a key with this secret and these scopes; a secret it had before is no longer valid. */
export async function ensureKey(
  { db }: JobContext,
  { name, secret, scopes }: { name: string; secret: string; scopes: readonly Scope[] },
): Promise<void> {
  const prefix = secret.slice(0, Math.min(8, Math.floor(secret.length / 4)))
  const key = { id: uuidV7(), name, prefix, secretHash: sha256(secret), scopes }
  await db.transaction((tx) => tx.apiKeys.save(key))
}

function isOld(lastUsedAt: Date | null): boolean {
  return lastUsedAt === null || Date.now() - lastUsedAt.getTime() > 60_000
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
