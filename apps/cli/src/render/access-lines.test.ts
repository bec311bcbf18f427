import type { ApiKey, Team } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { auditTable, keyTable, meLines, teamTable } from './access-lines.ts'

const AT = '2026-01-02T03:04:05.000Z'
const KEY: ApiKey = {
  id: '00000000-0000-7000-8000-000000000002',
  name: 'ci',
  team: 'red',
  scopes: ['jobs:read', 'jobs:write'],
  prefix: 'sh_abcde',
  setBy: null,
  previousUntil: null,
  createdAt: AT,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

test('a team is shown with what it uses of what it may, and without a limit with what it uses', () => {
  const team: Team = {
    name: 'red',
    weight: 2,
    quotas: { maxRunning: 2, maxQueued: null, maxArtifactBytes: 5_000_000, maxGpus: 4, maxGpuHours: null },
    usage: { running: 1, queued: 1234, artifactBytes: 999, gpus: 1, gpuHours: 2.345 },
    createdAt: AT,
  }
  const [, , row = ''] = teamTable([team]).split('\n')
  expect(row.split(/ {2,}/)).toEqual(['red', '2', '1 of 2', '1,234', '1 of 4', '2.3', '999 B of 5.0 MB'])
})

test.each([
  [{}, 'valid'],
  [{ expiresAt: '2026-02-01T00:00:00.000Z' }, 'until 2026-02-01T00:00:00.000Z'],
  [{ expiresAt: '2026-01-01T00:00:00.000Z' }, 'expired'],
  [{ revokedAt: AT, expiresAt: '2026-02-01T00:00:00.000Z' }, 'revoked'],
  [{ previousUntil: '2026-02-01T00:00:00.000Z' }, 'old secret until 2026-02-01T00:00:00.000Z'],
  [{ setBy: 'bootstrap' }, "from the service's environment"],
])('a key with %j is shown as %s', (change, text) => {
  expect(keyTable([{ ...KEY, ...change }], new Date(AT))).toContain(`  ${text}`)
})

test("a key without a team is the cluster's", () => {
  expect(keyTable([{ ...KEY, team: null }])).toContain('(cluster)')
  expect(
    meLines({ id: KEY.id, name: 'bootstrap', team: null, scopes: ['admin'], expiresAt: null }, 'http://x'),
  ).toMatch(/team +none: a key of the cluster\nscopes +admin\nexpires +never/)
})

test('a change is shown with who did it, to what, and under which request', () => {
  const entry = {
    id: 7,
    at: AT,
    key: { id: KEY.id, name: 'ci' },
    team: 'red',
    action: 'cancelJob',
    target: { kind: 'job', id: 'j1' },
    requestId: 'r1',
    detail: {},
  } as const
  expect(auditTable([entry]).split('\n')[2]?.split(/ {2,}/)).toEqual([AT, 'cancelJob', 'job j1', 'red', 'ci', 'r1'])
})
