// Keys of teams: who may make which, how they end, and that every replica knows it at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@stillhouse/client'
import type { NewApiKey } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'
import { JOB, useTwoTeams } from './support/two-teams.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const house = useTwoTeams(jobs)
const READER: NewApiKey = { name: 'reader', scopes: ['jobs:read'] }

test('a key does what its scopes say, in its team', async () => {
  const { member, red } = house()
  const { job } = await red.client.submitJob(JOB)
  const reader = await member({ ...READER, team: 'red' })
  const writer = await member({ name: 'writer', team: 'red', scopes: ['jobs:write'] })
  expect((await reader.client.getJob(job.id)).team).toBe('red')
  await expect(reader.client.cancelJob(job.id)).rejects.toMatchObject({ status: 403 })
  await expect(writer.client.getJob(job.id)).rejects.toMatchObject({ status: 403 })
  expect((await writer.client.cancelJob(job.id)).state).toBe('cancelled')
  expect(await reader.client.getMe()).toEqual({
    id: reader.keyId,
    name: 'reader',
    team: 'red',
    scopes: ['jobs:read'],
    expiresAt: null,
  })
})

test('an administrator of a team makes keys of that team, and nothing that reaches further', async () => {
  const { red, admin } = house()
  expect((await red.client.createKey(READER)).key.team).toBe('red')
  expect((await red.client.createKey({ ...READER, team: 'red' })).key.team).toBe('red')
  const refused: [NewApiKey, number][] = [
    [{ ...READER, team: 'blue' }, 404],
    [{ ...READER, team: null }, 403],
    [{ name: 'w', scopes: ['worker'] }, 400],
  ]
  for (const [key, status] of refused) await expect(red.client.createKey(key)).rejects.toMatchObject({ status })
  await expect(red.client.createTeam({ name: 'green' })).rejects.toMatchObject({ status: 403 })
  await expect(red.client.updateTeam('red', { quotas: { maxRunning: 99 } })).rejects.toMatchObject({ status: 403 })
  const { items } = await red.client.listKeys()
  expect(items.map(({ name, team }) => [name, team])).toEqual([
    ['reader', 'red'],
    ['reader', 'red'],
    ['admin of red', 'red'],
  ])
  expect((await admin.listKeys({ limit: 2, team: 'red' })).items).toHaveLength(2)
})

test('a graph, which is a program, is taken from administrators of the cluster and from whom they trust', async () => {
  const { red, member, call } = house()
  const body = new FormData()
  body.append('model.onnx', new Blob([new Uint8Array([8, 1, 0, 0, 0, 0, 0, 0])]), 'model.onnx')
  const send = (secret: string) => call(secret, '/v1/models?format=onnx&team=red', { method: 'POST', body })
  const trusted = await member({ name: 'trusted', team: 'red', scopes: ['jobs:write', 'models:trusted'] })
  expect((await send(red.secret)).status).toBe(403)
  expect((await send('secret-of-the-cluster')).status).toBe(201)
  expect((await send(trusted.secret)).status).toBe(201)
})

test('an administrator of a team can neither give that trust nor take over a key that has it, but end it', async () => {
  const { red, member } = house()
  const scopes: NewApiKey['scopes'] = ['jobs:write', 'models:trusted']
  const trusted = await member({ name: 'trusted', team: 'red', scopes })
  const forbidden = { status: 403, message: expect.stringContaining('may hand out the scope models:trusted') }
  await expect(red.client.createKey({ name: 'mine', scopes })).rejects.toMatchObject(forbidden)
  await expect(red.client.rotateKey(trusted.keyId)).rejects.toMatchObject(forbidden)
  expect((await trusted.client.getMe()).scopes).toEqual(scopes)
  await red.client.revokeKey(trusted.keyId)
  await expect(trusted.client.getMe()).rejects.toMatchObject({ status: 401 })
})

test("a worker's key stands alone", async () => {
  const { admin } = house()
  for (const scopes of [
    ['worker', 'admin'],
    ['worker', 'jobs:read'],
  ] as NewApiKey['scopes'][])
    await expect(admin.createKey({ name: 'w', scopes })).rejects.toMatchObject({ faults: [{ path: '/scopes' }] })
  expect((await admin.createKey({ name: 'w', scopes: ['worker'] })).key).toMatchObject({ team: null })
})

test('a key expires at its time', async () => {
  const { member, admin } = house()
  const expiresAt = new Date(Date.now() + 1500).toISOString()
  const { client, keyId } = await member({ ...READER, team: 'red', expiresAt })
  expect((await client.getMe()).expiresAt).toBe(expiresAt)
  await sleep(1600)
  await expect(client.listJobs()).rejects.toMatchObject({
    status: 401,
    code: 'auth.invalid',
    message: expect.stringContaining(`expired at ${expiresAt}`),
  })
  await expect(admin.rotateKey(keyId)).rejects.toMatchObject({ code: 'key.state_conflict' })
})

test.each(['2020-01-01T00:00:00Z', '2030-06-30T23:59:60Z'])('a key cannot be valid until %s', async (expiresAt) => {
  const { admin } = house()
  await expect(admin.createKey({ ...READER, expiresAt })).rejects.toMatchObject({
    status: 400,
    faults: [{ path: '/expiresAt' }],
  })
})

test('a key that is rotated without grace has one valid secret, on every replica', async () => {
  const { red, replica } = house()
  const elsewhere = await replica()
  const { secret } = await red.client.rotateKey(red.keyId)
  for (const baseUrl of [house().url, elsewhere]) {
    await expect(createClient({ baseUrl, apiKey: red.secret }).getMe()).rejects.toMatchObject({ status: 401 })
    expect((await createClient({ baseUrl, apiKey: secret }).getMe()).id).toBe(red.keyId)
  }
})

test('a key that is rotated with grace has two for so long, and says until when', async () => {
  const { red, url } = house()
  const { key, secret } = await red.client.rotateKey(red.keyId, { graceSeconds: 2 })
  expect(Date.parse(key.previousUntil ?? '') - Date.now()).toBeGreaterThan(0)
  expect((await red.client.getMe()).id).toBe(red.keyId)
  expect((await createClient({ baseUrl: url, apiKey: secret }).getMe()).id).toBe(red.keyId)
  await sleep(2100)
  await expect(red.client.getMe()).rejects.toMatchObject({
    status: 401,
    message: expect.stringContaining('the time for changing over is past'),
  })
  const now = createClient({ baseUrl: url, apiKey: secret })
  expect((await now.listKeys()).items[0]?.previousUntil).toBeNull()
})

test('a revoked key is refused at its next call, on every replica, also by the secret it had before', async () => {
  const { admin, member, replica } = house()
  const { keyId, secret } = await member({ ...READER, team: 'red' })
  const rotated = await admin.rotateKey(keyId, { graceSeconds: 60 })
  const elsewhere = await replica()
  await admin.revokeKey(keyId)
  for (const baseUrl of [house().url, elsewhere])
    for (const apiKey of [secret, rotated.secret])
      await expect(createClient({ baseUrl, apiKey }).getMe()).rejects.toMatchObject({ status: 401 })
  await expect(createClient({ baseUrl: elsewhere, apiKey: rotated.secret }).getMe()).rejects.toMatchObject({
    message: expect.stringContaining('was revoked at'),
  })
  await expect(admin.rotateKey(keyId)).rejects.toMatchObject({ code: 'key.state_conflict' })
})

test("keys of the service's environment are changed there", async () => {
  const { admin } = house()
  const own = (await admin.listKeys()).items.find((key) => key.name === 'bootstrap')
  expect(own).toMatchObject({ team: null, scopes: ['admin'], setBy: 'bootstrap' })
  const change = { status: 409, code: 'key.state_conflict' }
  await expect(admin.rotateKey(own?.id ?? '')).rejects.toMatchObject(change)
  await expect(admin.revokeKey(own?.id ?? '')).rejects.toMatchObject(change)
})

test('a key may have a name that another team uses', async () => {
  const { red, blue } = house()
  const [one, other] = [await red.client.createKey(READER), await blue.client.createKey(READER)]
  expect(one.key.id).not.toBe(other.key.id)
  expect(one.secret).toMatch(/^sh_[\w-]{43}$/)
  const rows = JSON.stringify(await jobs().query('SELECT * FROM api_key'))
  for (const { secret } of [one, other]) expect(rows).not.toContain(secret)
})
