// Teams, keys and audit entries as tables.
import type { ApiKey, AuditEntry, Me, Team } from '@stillhouse/spec'
import { bytes, count } from './format.ts'
import { table } from './table.ts'

/** One row per team: what is in use, of how much. */
export function teamTable(teams: readonly Team[]): string {
  const rows = teams.map(({ name, weight, quotas, usage }) => [
    name,
    String(weight),
    used(usage.running, quotas.maxRunning, count),
    used(usage.queued, quotas.maxQueued, count),
    used(usage.gpus, quotas.maxGpus, count),
    used(usage.gpuHours, quotas.maxGpuHours, hours),
    used(usage.artifactBytes, quotas.maxArtifactBytes, bytes),
  ])
  return table(['team', 'weight', 'running', 'queued', 'GPUs', 'GPU hours (month)', 'artifacts'], rows)
}

function hours(value: number): string {
  return String(Number(value.toFixed(1)))
}

function used(value: number, limit: number | null, show: (value: number) => string): string {
  return limit === null ? show(value) : `${show(value)} of ${show(limit)}`
}

/** One row per key. */
export function keyTable(keys: readonly ApiKey[], now: Date = new Date()): string {
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.team ?? '(cluster)',
    key.scopes.join(' '),
    `${key.prefix}…`,
    standing(key, now),
    key.lastUsedAt ?? 'never',
  ])
  return table(['id', 'name', 'team', 'scopes', 'secret', '', 'last used'], rows)
}

function standing({ revokedAt, expiresAt, previousUntil, setBy }: ApiKey, now: Date): string {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt !== null) return new Date(expiresAt) <= now ? 'expired' : `until ${expiresAt}`
  if (previousUntil !== null) return `old secret until ${previousUntil}`
  return setBy === null ? 'valid' : "from the service's environment"
}

/** Everything that a key says about itself. */
export function meLines({ id, name, team, scopes, expiresAt }: Me, url: string): string {
  return [
    `key      ${name}  ${id}`,
    `team     ${team ?? 'none: a key of the cluster'}`,
    `scopes   ${scopes.join(', ')}`,
    `expires  ${expiresAt ?? 'never'}`,
    `service  ${url}`,
  ].join('\n')
}

/** One row per change. */
export function auditTable(entries: readonly AuditEntry[]): string {
  const rows = entries.map(({ at, key, team, action, target, requestId }) => [
    at,
    action,
    `${target.kind} ${target.id}`,
    team ?? '(cluster)',
    key.name,
    requestId,
  ])
  return table(['at', 'action', 'of', 'team', 'by', 'request'], rows)
}
