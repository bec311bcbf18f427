// The API over the real service, shared by two teams that each hold something of every kind.
import { hash } from 'node:crypto'
import { type Client, createClient } from '@stillhouse/client'
import type { JobService } from '@stillhouse/jobs'
import { createLogger } from '@stillhouse/kit'
import type { NewApiKey } from '@stillhouse/spec'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect } from 'vitest'
import { createApp } from '../../../apps/api/src/app.ts'
import { addContractGuard } from '../../../apps/api/src/testing/contract-guard.ts'
import type { JobsHarness } from '../jobs-harness.ts'

export const JOB = {
  name: 'tiny',
  data: { name: 'optdigits' },
  student: { model: 'mlp' },
  method: { name: 'none' },
  train: { epochs: 1 },
}

export interface Member {
  readonly client: Client
  readonly keyId: string
  readonly secret: string
}

export interface TwoTeams {
  readonly url: string
  readonly app: FastifyInstance
  readonly red: Member
  readonly blue: Member
  /** A key of the cluster. */
  readonly admin: Client
  readonly worker: Client
  member(key: NewApiKey): Promise<Member>
  /** Another replica on the same database; answers its address. */
  replica(): Promise<string>
  /** A call with a key, as it comes. */
  call(secret: string, path: string, init?: RequestInit): Promise<Response>
}

/** Registers the hooks that open the API for two teams before every test. Every answer is held to the document. */
export function useTwoTeams(jobs: () => JobsHarness): () => TwoTeams {
  let house: TwoTeams
  let apps: FastifyInstance[]
  const violations: string[] = []
  const open = async (service: JobService): Promise<{ app: FastifyInstance; url: string }> => {
    const app = openApp(service)
    addContractGuard(app, violations)
    apps.push(app)
    return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
  }
  beforeEach(async () => {
    apps = []
    violations.length = 0
    const { service } = jobs()
    await service.ensureKey({ name: 'bootstrap', secret: 'secret-of-the-cluster', scopes: ['admin'] })
    await service.ensureKey({ name: 'worker', secret: 'secret-of-the-workers', scopes: ['worker'] })
    const { app, url } = await open(service)
    const clientOf = (apiKey: string): Client => createClient({ baseUrl: url, apiKey })
    const admin = clientOf('secret-of-the-cluster')
    const member = async (wish: NewApiKey): Promise<Member> => {
      const { key, secret } = await admin.createKey(wish)
      return { client: clientOf(secret), keyId: key.id, secret }
    }
    for (const name of ['red', 'blue']) await admin.createTeam({ name })
    house = {
      url,
      app,
      admin,
      member,
      worker: clientOf('secret-of-the-workers'),
      red: await member({ name: 'admin of red', team: 'red', scopes: ['admin'] }),
      blue: await member({ name: 'admin of blue', team: 'blue', scopes: ['admin'] }),
      replica: async () => (await open(service)).url,
      call: (secret, path, init = {}) =>
        fetch(`${url}${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${secret}` } }),
    }
  })
  afterEach(async () => {
    for (const app of apps) await app.close()
    expect(violations).toEqual([])
  })
  return () => house
}

function openApp(service: JobService): FastifyInstance {
  return createApp({
    service,
    catalog: { methods: [], models: [], data: [], exports: [], jobSchema: {}, metrics: {} },
    logger: createLogger('api', 'silent'),
    checkJob: () => [],
    signatureOf: () => null,
    checkModel: () => ({ ok: true, inputShape: [64], outputShape: [10], params: 7 }),
    config: { eventHeartbeatMs: 200 },
  })
}

/** Ids of one thing of every kind. */
export interface Belongings {
  readonly job: string
  readonly dataset: string
  readonly model: string
  readonly key: string
  readonly webhook: string
}

/** What a team sends: a job, a data set and a model whose content names the team, a key, and a webhook that nothing reaches. */
export async function settle({ client }: Member, team: string): Promise<Belongings> {
  const { job } = await client.submitJob({ ...JOB, name: team })
  const { dataset } = await client.uploadDataset([{ path: 'a.csv', content: Buffer.from(`of ${team}`) }])
  const model = await client.uploadModel({ json: `{"of":"${team}"}`, weights: new Uint8Array([1]) })
  const { key } = await client.createKey({ name: 'reader', scopes: ['jobs:read'] })
  const { webhook } = await client.createWebhook({ url: `https://hooks.invalid/${team}` })
  return { job: job.id, dataset: dataset.id, model: model.id, key: key.id, webhook: webhook.id }
}

export interface Finished {
  readonly worker: string
  readonly path: string
  readonly blob: string
}

/** A worker takes the next job, exports a model and succeeds. */
export async function finishNext({ handOut }: JobsHarness, { worker }: TwoTeams, jobId: string): Promise<Finished> {
  const { workerId } = await worker.registerWorker({ name: 'w', host: 'h', version: '1', slots: 1, devices: [] })
  await handOut()
  const ref = { jobId, attempt: 1 }
  await worker.claimJob(jobId, { workerId, attempt: 1 })
  const text = `{"of":"${jobId}"}`
  const sha256 = hash('sha256', text)
  const path = 'export/tfjs-layers/model.json'
  await worker.uploadBlob(sha256, new TextEncoder().encode(text))
  const file = { path, sha256, size: text.length, contentType: 'application/json' }
  await worker.saveArtifacts(ref, { kind: 'export', files: [file] })
  await worker.finish(ref, { outcome: 'succeeded', metrics: {}, metricSeq: 0 })
  return { worker: workerId, path, blob: sha256 }
}

export interface Operation {
  readonly id: string
  readonly method: string
  /** With its parameters in braces. */
  readonly path: string
  /** Names of parameters in the path. */
  readonly named: readonly string[]
  /** Whether the query takes a team. */
  readonly takesTeam: boolean
  readonly scopes: readonly string[]
}

/** Every operation of the document that needs a key: a new route is in here by itself. */
export function operationsOf(app: FastifyInstance): Operation[] {
  const paths = Object.entries((app.swagger() as unknown as { paths: Record<string, object> }).paths)
  const all = paths.flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Documented>).map(
      ([method, { operationId, parameters = [], security }]) => ({
        id: operationId,
        method: method.toUpperCase(),
        path,
        named: parameters.filter((one) => one.in === 'path').map((one) => one.name),
        takesTeam: parameters.some((one) => one.in === 'query' && one.name === 'team'),
        scopes: security.flatMap((one) => one.bearer),
      }),
    ),
  )
  return all.filter(({ scopes }) => scopes.length > 0)
}

interface Documented {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly security: readonly { readonly bearer: readonly string[] }[]
}

export const isForWorkers = ({ scopes }: Operation): boolean => scopes.join() === 'worker'
