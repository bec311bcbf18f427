// The keys of the service in memory: one of the cluster for each scope, and two of a team.
import type { KeyHolder } from '@stillhouse/jobs'
import type { Scope } from '@stillhouse/spec'

export const KEYS = {
  admin: 'key-of-the-admin-0001',
  reader: 'key-of-the-reader-0002',
  writer: 'key-of-the-writer-0003',
  worker: 'key-of-the-worker-0004',
  teamAdmin: 'key-of-the-admin-of-a-team-0005',
  teamReader: 'key-of-the-reader-of-a-team-0006',
  teamTrusted: 'key-of-the-trusted-of-a-team-0007',
} as const

/** The team that some of the keys belong to. */
export const TEAM = { id: '00000000-0000-7000-8000-0000000000aa', name: 'red' } as const

const KEY_IDS = Object.fromEntries(
  Object.keys(KEYS).map((name, i) => [name, `00000000-0000-7000-8000-00000000010${i}`]),
) as Record<keyof typeof KEYS, string>

const SCOPES_OF: Readonly<Record<keyof typeof KEYS, readonly Scope[]>> = {
  admin: ['admin'],
  reader: ['jobs:read'],
  writer: ['jobs:write'],
  worker: ['worker'],
  teamAdmin: ['admin'],
  teamReader: ['jobs:read'],
  teamTrusted: ['jobs:write', 'models:trusted'],
}

/** Every key by its secret. */
export function keyHolders(): Map<string, KeyHolder> {
  const roles = Object.entries(KEYS) as [keyof typeof KEYS, string][]
  return new Map(
    roles.map(([name, secret]) => {
      const ofTeam = name.startsWith('team')
      const whose = { teamId: ofTeam ? TEAM.id : null, team: ofTeam ? TEAM.name : null }
      return [secret, { id: KEY_IDS[name], name, scopes: SCOPES_OF[name], ...whose, expiresAt: null }]
    }),
  )
}
