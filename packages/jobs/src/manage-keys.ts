// Making, listing, rotating and revoking API keys. A key that belongs to a team sees and makes keys of that team only.
import { randomBytes } from 'node:crypto'
import { type ApiKeyRow, isUuid, type Tables, uuidV7 } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { ApiKey, ApiKeyPage, Fault, IssuedKey, NewApiKey, Scope } from '@stillhouse/spec'
import { assertCluster, fenceOf, visibleTeam } from './caller.ts'
import type { JobContext } from './job-context.ts'
import { shorten } from './job-errors.ts'
import type { Caller, TeamPage } from './job-service.ts'
import { storedSecret } from './keys.ts'
import { pageOf, uuidOfCursor } from './page-cursor.ts'
import { record } from './record.ts'

/** @throws ApiError request.invalid, team.not_found, auth.forbidden */
export async function createKey({ db }: JobContext, caller: Caller, key: NewApiKey): Promise<IssuedKey> {
  const { name, scopes } = key
  if (key.team === null) assertCluster(caller, 'may make keys without a team')
  assertMayTrust(caller, scopes)
  const id = uuidV7()
  const secret = newSecret()
  const expiresAt = key.expiresAt ? new Date(key.expiresAt) : null
  return db.transaction(async (tx) => {
    const teamId = key.team ? (await visibleTeam(tx, caller, key.team)).id : caller.teamId
    assertSound({ scopes, teamId, expiresAt, given: key.expiresAt })
    if (await tx.apiKeys.insert({ id, name, teamId, scopes, expiresAt, ...storedSecret(secret) }))
      await record(tx, caller, {
        action: 'createKey',
        target: { kind: 'key', id },
        teamId,
        detail: { name, scopes, expiresAt: expiresAt?.toISOString() ?? null },
      })
    return { key: keyView(await visibleKey(caller, id, tx.apiKeys.find)), secret }
  })
}

/** @throws ApiError team.not_found, request.invalid for a cursor that no page gave */
export async function listKeys({ db }: JobContext, caller: Caller, page: TeamPage): Promise<ApiKeyPage> {
  const { limit, cursor, team } = page
  const before = cursor === undefined ? undefined : uuidOfCursor(cursor, 'keys')
  return db.read(async (tables) => {
    const fence = await fenceOf(tables, caller, team)
    const rows = await tables.apiKeys.list({ fence, limit: limit + 1, ...(before && { before }) })
    return pageOf(rows.map(keyView), limit)
  })
}

/**
 * Gives the key another secret. The one it had stays valid for `graceSeconds`, so that its holders can change over.
 * @throws ApiError key.not_found, key.state_conflict, auth.forbidden
 */
export async function rotateKey(
  { db }: JobContext,
  caller: Caller,
  { id, graceSeconds }: { id: string; graceSeconds: number },
): Promise<IssuedKey> {
  const secret = newSecret()
  const stored = storedSecret(secret)
  return db.transaction(async (tx) => {
    const row = await visibleKey(caller, id, tx.apiKeys.lock)
    // a repeated transaction may find that its first try was committed after all
    if (row.secretHash !== stored.secretHash) {
      assertChangeable(row)
      assertMayTrust(caller, row.scopes)
      if (row.revokedAt !== null || row.expired) throw stateConflict(row, 'is no longer valid; make a new one')
      await tx.apiKeys.rotate(id, stored, graceSeconds)
      await record(tx, caller, {
        action: 'rotateKey',
        target: { kind: 'key', id },
        teamId: row.teamId,
        detail: { name: row.name, graceSeconds },
      })
    }
    return { key: keyView(await visibleKey(caller, id, tx.apiKeys.find)), secret }
  })
}

/**
 * Revoking a revoked key changes nothing.
 * @throws ApiError key.not_found, key.state_conflict
 */
export async function revokeKey({ db }: JobContext, caller: Caller, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    const row = await visibleKey(caller, id, tx.apiKeys.lock)
    if (row.revokedAt !== null) return
    assertChangeable(row)
    await tx.apiKeys.revoke(id)
    await record(tx, caller, {
      action: 'revokeKey',
      target: { kind: 'key', id },
      teamId: row.teamId,
      detail: { name: row.name },
    })
  })
}

/** The key as callers see it: without its hashes. */
function keyView(row: ApiKeyRow): ApiKey {
  const { id, name, team, setBy, prefix, scopes } = row
  return {
    id,
    name,
    team,
    scopes,
    prefix,
    setBy,
    previousUntil: row.previousValid ? (row.previousUntil?.toISOString() ?? null) : null,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  }
}

async function visibleKey(caller: Caller, id: string, find: Tables['apiKeys']['find']): Promise<ApiKeyRow> {
  const row = isUuid(id) ? await find(id) : null
  if (row && (caller.teamId === null || row.teamId === caller.teamId)) return row
  throw new ApiError('key.not_found', `There is no API key ${shorten(id)}. GET /v1/keys lists the keys there are.`)
}

/** Graphs run on the workers of all teams, so no team decides who may send them, nor learns the secret of who may. */
function assertMayTrust(caller: Caller, scopes: readonly Scope[]): void {
  if (scopes.includes('models:trusted')) assertCluster(caller, 'may hand out the scope models:trusted')
}

/** The next start would undo the change, and nobody should shut himself out. */
function assertChangeable(row: ApiKeyRow): void {
  if (row.setBy !== null)
    throw stateConflict(row, "comes from the service's environment; change it there and start the service again")
}

function stateConflict({ name }: ApiKeyRow, what: string): ApiError {
  return new ApiError('key.state_conflict', `The API key "${name}" ${what}.`)
}

interface Wish {
  readonly scopes: NewApiKey['scopes']
  readonly teamId: string | null
  readonly expiresAt: Date | null
  readonly given: string | null | undefined
}

function assertSound({ scopes, teamId, expiresAt, given }: Wish): void {
  const faults: Fault[] = []
  if (scopes.includes('worker') && (scopes.length > 1 || teamId !== null))
    faults.push({
      path: '/scopes',
      message: "workers' keys are the cluster's own and can do nothing else",
      expected: 'the scope worker alone, with "team": null',
      received: `${scopes.join(', ')}${teamId === null ? '' : ' for a team'}`,
    })
  if (expiresAt !== null && !(expiresAt.getTime() > Date.now()))
    faults.push({ path: '/expiresAt', message: 'is no time to come', expected: 'a later time', received: `${given}` })
  if (faults.length > 0) throw new ApiError('request.invalid', 'No such key can be made.', { faults })
}

/** 256 random bits; the letters in front tell people, and scanners of repositories, what it is. */
function newSecret(): string {
  return `sh_${randomBytes(32).toString('base64url')}`
}
