// The administrator's part of the service in memory: teams, keys and the record, kept as they are given.
import { randomUUID } from 'node:crypto'
import type { CallerService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import type { AuditEntry, IssuedKey, Mend, Team, TeamQuotas } from '@stillhouse/spec'

interface Kept {
  readonly issued: Map<string, IssuedKey['key']>
  readonly teams: Map<string, Team>
  readonly audit: AuditEntry[]
  readonly calls: unknown[][]
}

type Administration = Pick<
  CallerService,
  | 'createTeam'
  | 'listTeams'
  | 'getTeam'
  | 'updateTeam'
  | 'createKey'
  | 'listKeys'
  | 'rotateKey'
  | 'revokeKey'
  | 'listAudit'
  | 'listMends'
  | 'reconcile'
>

const NO_LIMITS: TeamQuotas = {
  maxRunning: null,
  maxQueued: null,
  maxArtifactBytes: null,
  maxGpus: null,
  maxGpuHours: null,
}
const AT = '2026-01-02T03:04:05.000Z'
const MEND: Mend = { id: 5, at: AT, kind: 'queue.extra', target: 'j1', detail: { attempt: 2 } }

export function fakeAdministration({ issued, teams, audit, calls }: Kept): Administration {
  function teamOf(name: string): Team {
    const team = teams.get(name)
    if (team === undefined) throw new ApiError('team.not_found', `There is no team ${name}.`)
    return team
  }

  function keyOf(id: string): IssuedKey['key'] {
    const key = issued.get(id)
    if (key === undefined) throw new ApiError('key.not_found', `There is no key ${id}.`)
    return key
  }

  return {
    createTeam: async ({ name, weight = 1, quotas }) => {
      if (teams.has(name)) throw new ApiError('team.exists', `There is a team ${name} already.`)
      const usage = { running: 0, queued: 0, artifactBytes: 0, gpus: 0, gpuHours: 0 }
      const team = { name, weight, quotas: { ...NO_LIMITS, ...quotas }, usage, createdAt: AT }
      teams.set(name, team)
      return team
    },
    listTeams: async () => [...teams.values()],
    getTeam: async (name) => teamOf(name),
    updateTeam: async ({ name, weight, quotas }) => {
      const team = teamOf(name)
      const changed = { ...team, weight: weight ?? team.weight, quotas: { ...team.quotas, ...quotas } }
      teams.set(name, changed)
      return changed
    },
    createKey: async ({ name, scopes, team = null, expiresAt = null }) => {
      const id = randomUUID()
      const plain = { id, name, scopes, team, expiresAt, createdAt: AT }
      const key = { ...plain, prefix: 'sh_', setBy: null, previousUntil: null, revokedAt: null, lastUsedAt: null }
      issued.set(id, key)
      return { key, secret: secretOf(id) }
    },
    listKeys: async (page) => {
      calls.push(['listKeys', page])
      return { items: [...issued.values()], nextCursor: null }
    },
    rotateKey: async ({ id, graceSeconds }) => {
      calls.push(['rotateKey', id, graceSeconds])
      return { key: keyOf(id), secret: `${secretOf(id)}-rotated` }
    },
    revokeKey: async (id) => {
      issued.set(id, { ...keyOf(id), revokedAt: AT })
    },
    listAudit: async (filter) => {
      calls.push(['listAudit', filter])
      return { items: audit, nextCursor: null }
    },
    listMends: async (filter) => {
      calls.push(['listMends', filter])
      return { items: [MEND], nextCursor: null }
    },
    reconcile: async (request) => {
      calls.push(['reconcile', request])
      const item = { kind: MEND.kind, found: 1, mended: 1, targets: [MEND.target] }
      return { dryRun: request.dryRun, items: [item], walked: 3, failed: [], nextCursor: null }
    },
  }
}

function secretOf(id: string): string {
  return `sh_secret-of-${id}`
}
