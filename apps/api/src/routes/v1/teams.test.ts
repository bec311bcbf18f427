import type { Problem, Team, TeamList } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const send = (method: 'POST' | 'PATCH', url: string, payload: object) =>
  t.app.inject({ method, url, payload, headers: as('admin') })
const get = (url: string) => t.app.inject({ url, headers: as('admin') })

test('a team is made, found, listed, and its weight and quotas changed one by one', async () => {
  const made = await send('POST', '/v1/teams', { name: 'green', quotas: { maxRunning: 2 } })
  expect([made.statusCode, made.headers['location']]).toEqual([201, '/v1/teams/green'])
  const rest = { maxArtifactBytes: null, maxGpus: null, maxGpuHours: null }
  const quotas = { maxRunning: 2, maxQueued: null, ...rest }
  expect(made.json<Team>()).toMatchObject({ name: 'green', weight: 1, quotas, usage: { running: 0 } })
  const changed = await send('PATCH', '/v1/teams/green', { quotas: { maxQueued: 5, maxRunning: null } })
  expect(changed.json<Team>().quotas).toEqual({ maxRunning: null, maxQueued: 5, ...rest })
  const heavier = await send('PATCH', '/v1/teams/green', { weight: 3 })
  expect(heavier.json<Team>()).toEqual({ ...changed.json<Team>(), weight: 3 })
  expect((await get('/v1/teams/green')).json<Team>()).toEqual(heavier.json())
  expect((await get('/v1/teams')).json<TeamList>().items.map((team) => team.name)).toEqual(['green'])
})

test('a second team of the same name is a conflict, an unknown one is not found', async () => {
  await send('POST', '/v1/teams', { name: 'twice' })
  const again = await send('POST', '/v1/teams', { name: 'twice' })
  expect([again.statusCode, again.json<Problem>().code]).toEqual([409, 'team.exists'])
  const unknown = await send('PATCH', '/v1/teams/nobody', { quotas: {} })
  expect([unknown.statusCode, unknown.json<Problem>().code]).toEqual([404, 'team.not_found'])
})

test.each([
  [{ name: 'Upper' }, '/name'],
  [{ name: '' }, '/name'],
  [{ name: 'a'.repeat(64) }, '/name'],
  [{ name: 'a', quotas: { maxRunning: -1 } }, '/quotas/maxRunning'],
  [{ name: 'a', quotas: { maxQueued: 2 ** 31 } }, '/quotas/maxQueued'],
  [{ name: 'a', quotas: { maxGpuHours: -1 } }, '/quotas/maxGpuHours'],
  [{ name: 'a', weight: 0 }, '/weight'],
  [{ name: 'a', share: 2 }, '/share'],
])('the team %j is refused at %s', async (team, path) => {
  const response = await send('POST', '/v1/teams', team)
  expect([response.statusCode, response.json<Problem>().faults?.map((fault) => fault.path)]).toEqual([400, [path]])
})

test('what is sent says whose it is, if the key does not', async () => {
  const url = '/v1/jobs?team=green'
  await t.app.inject({ method: 'POST', url, payload: MINIMAL_JOB, headers: as('writer') })
  await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers: as('writer') })
  expect(t.service.teamsAsked).toEqual(['green', undefined])
})

test('a list of jobs is narrowed to one team', async () => {
  await get('/v1/jobs?team=green')
  expect(t.service.calls.at(-1)).toEqual(['listJobs', { labels: {}, limit: 50, team: 'green' }])
})
