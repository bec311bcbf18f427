// Two teams that each hold something of everything: jobs in every state, data sets, a model, artifacts, metrics, logs,
// keys. Whatever a team may write carries its mark, so that one word tells whose an answer is.
import { createHash } from 'node:crypto'
import { createClient } from '@stillhouse/client'
import { waitUntil } from '@stillhouse/testkit'
import { tinyModel } from './tiny-model.mjs'

/** @typedef {'red' | 'blue'} TeamName */
/** @typedef {import('@stillhouse/client').Client} Client */

/** Words that nothing generates by chance. @type {Record<TeamName, string>} */
const MARKS = { red: 'zqxred7kv', blue: 'zqxblue4jw' }

/** How many jobs of a team are in which state. Those to be finished are used up by the fuzzer, and so are dispatched ones. */
const JOBS = { succeeded: 1, failed: 1, cancelled: 1, queued: 2, running: 3, finishing: 6, dispatched: 6 }
/** @typedef {keyof typeof JOBS} JobKind */
/** What runs, or did. @type {JobKind[]} */
const RUNNING = ['running', 'finishing', 'failed', 'succeeded']
const ARTIFACT = 'export/tfjs-layers/model.json'
/** Jobs with it are not handed out. */
const NOWHERE = { labels: { zone: 'nowhere' } }

/**
 * What a team holds: ids by the kind of thing that they name, as the hooks of the fuzzer use them.
 * @typedef {{
 *   team: string, mark: string, keys: Record<'admin' | 'writer' | 'reader', string>, keyIds: string[],
 *   artifact: string, idempotencyKeys: string[], modelFiles: Record<string, string>, deliveries: number[],
 *   ids: Record<string, string[]>,
 * }} Holding `modelFiles` as hexadecimal digits
 * @typedef {{red: Holding, blue: Holding}} Content
 */

/**
 * Makes the teams, and all that they hold.
 * @param {{url: string, clusterKey: string, workerKey: string}} context
 * @returns {Promise<Content>}
 */
export async function seed({ url, clusterKey, workerKey }) {
  const cluster = createClient({ baseUrl: url, apiKey: clusterKey })
  const worker = createClient({ baseUrl: url, apiKey: workerKey })
  const spareWorkers = [await register(worker, 1), await register(worker, 1)]
  for (const id of spareWorkers) await worker.heartbeat(id, { state: 'draining', jobs: [] })
  const context = { url, cluster, worker, workerId: await register(worker, 64) }
  const shared = { workers: [context.workerId], spareWorkers, teachers: await seedTeacher(worker) }
  return { red: await seedTeam('red', context, shared), blue: await seedTeam('blue', context, shared) }
}

/** @param {Client} worker @param {number} slots */
async function register(worker, slots) {
  const devices = [{ kind: /** @type {const} */ ('cpu'), name: 'cpu' }]
  return (await worker.registerWorker({ name: 'fuzz', host: 'fuzz', version: '1', slots, devices })).workerId
}

/** @param {Client} worker */
async function seedTeacher(worker) {
  const key = createHash('sha256').update('teacher').digest('hex')
  await worker.saveTeacher({ key, files: [await upload(worker, 'model.json', '{"teacher":true}')], metrics: {} })
  return [key]
}

/**
 * @typedef {{url: string, cluster: Client, worker: Client, workerId: string}} Seeding
 * @param {TeamName} name
 * @param {Seeding} context
 * @param {Record<string, string[]>} shared ids that belong to no team
 * @returns {Promise<Holding>}
 */
async function seedTeam(name, { url, cluster, worker, workerId }, shared) {
  const mark = MARKS[name]
  const team = `${mark}-team`
  await cluster.createTeam({ name: team })
  const { keys, keyIds, spareKeys } = await makeKeys(cluster, team, mark)
  const client = createClient({ baseUrl: url, apiKey: keys.admin })
  const files = ['train', 'test'].map((part) => ({
    path: `${mark}/${part}.csv`,
    content: Buffer.from(`${mark},${part}`),
  }))
  const datasets = [(await client.uploadDataset(files)).dataset.id]
  const model = tinyModel(mark)
  const models = [(await client.uploadModel(model)).id]
  const [webhook, ...spareWebhooks] = await makeWebhooks(client, mark)
  const jobs = await seedJobs({ client, worker, workerId, mark })
  const ids = {
    ...{ ...shared, ...jobs, datasets, models, teams: [team], keys: keyIds, spareKeys, spareWebhooks },
    webhooks: [webhook],
    jobs: Object.values(jobs).flat(),
    ended: [...jobs.succeeded, ...jobs.failed, ...jobs.cancelled],
    blobs: await blobsOf(client, { datasets, models, jobs: jobs.succeeded }),
    anything: [...jobs.succeeded, ...datasets, ...models, ...keyIds],
    ...(await cursorsOf(client, webhook)),
  }
  const modelFiles = {
    'model.json': hexadecimal(Buffer.from(model.json)),
    'model.weights.bin': hexadecimal(model.weights),
  }
  const idempotencyKeys = Object.keys(JOBS).map((kind) => idempotencyKey(kind, 1))
  const deliveries = (await client.listDeliveries(webhook)).items.map(({ id }) => id)
  return { team, mark, keys, keyIds, artifact: ARTIFACT, idempotencyKeys, modelFiles, deliveries, ids }
}

/** @param {Uint8Array} bytes */
const hexadecimal = (bytes) => Buffer.from(bytes).toString('hex')

/** @param {Client} cluster @param {string} team @param {string} mark */
async function makeKeys(cluster, team, mark) {
  const make = (/** @type {string} */ name, /** @type {import('@stillhouse/spec').Scope[]} */ ...scopes) =>
    cluster.createKey({ name: `${mark} ${name}`, team, scopes })
  const admin = await make('admin', 'admin')
  const writer = await make('writer', 'jobs:read', 'jobs:write')
  const reader = await make('reader', 'jobs:read')
  const spare = [await make('spare', 'jobs:read'), await make('spare', 'jobs:read'), await make('spare', 'jobs:read')]
  return {
    keys: { admin: admin.secret, writer: writer.secret, reader: reader.secret },
    keyIds: [admin, writer, reader].map(({ key }) => key.id),
    spareKeys: spare.map(({ key }) => key.id),
  }
}

/** The first hears of everything; no name leads to them. @param {Client} client @param {string} mark */
async function makeWebhooks(client, mark) {
  const ids = []
  for (const name of ['all', 'spare', 'spare', 'spare'])
    ids.push((await client.createWebhook({ url: `https://hooks.invalid/${mark}/${name}` })).webhook.id)
  return ids
}

/** @param {Client} client @param {{datasets: string[], models: string[], jobs: string[]}} holders */
async function blobsOf(client, { datasets, models, jobs }) {
  const lists = [
    ...(await Promise.all(datasets.map(async (id) => (await client.getDataset(id)).files))),
    ...(await Promise.all(models.map(async (id) => (await client.getModelFiles(id)).files))),
    ...(await Promise.all(jobs.map((id) => client.listArtifacts(id)))),
  ]
  return lists.flat().map(({ sha256 }) => sha256)
}

/** Where the second page of each list begins. @param {Client} client @param {string} webhook */
async function cursorsOf(client, webhook) {
  const [jobs, datasets, keys, audit, webhooks, deliveries] = [
    await client.listJobs({ limit: 1 }),
    await client.listDatasets({ limit: 1 }),
    await client.listKeys({ limit: 1 }),
    await client.listAudit({ limit: 1 }),
    await client.listWebhooks({ limit: 1 }),
    await client.listDeliveries(webhook, { limit: 1 }),
  ].map(({ nextCursor }) => (nextCursor === null ? [] : [nextCursor]))
  const lists = {
    ...{ listJobs: jobs, listDatasets: datasets, listKeys: keys, listAudit: audit },
    ...{ listWebhooks: webhooks, listDeliveries: deliveries },
  }
  return Object.fromEntries(Object.entries(lists).map(([list, cursors]) => [`cursors of ${list}`, cursors ?? []]))
}

/** Both teams use the same ones: they must not meet. @param {string} kind @param {number} number */
const idempotencyKey = (kind, number) => `${kind}-${number}`

/** @param {{client: Client, worker: Client, workerId: string, mark: string, round: number}} context */
async function seedJobs({ client, worker, workerId, mark }) {
  const ids = /** @type {Record<JobKind, string[]>} */ ({})
  for (const kind of /** @type {JobKind[]} */ (Object.keys(JOBS))) {
    ids[kind] = []
    for (let number = 1; number <= JOBS[kind]; number++) {
      const waits = kind === 'queued' || kind === 'cancelled'
      const spec = jobOf(mark, `${mark}-${kind}-${number}`, waits ? NOWHERE : {})
      const { job } = await client.submitJob(spec, { idempotencyKey: idempotencyKey(kind, number) })
      ids[kind].push(job.id)
      if (RUNNING.includes(kind)) await begin({ client, worker, workerId, id: job.id, mark })
    }
  }
  for (const id of ids.failed)
    await worker.finish(attemptOf(id), { outcome: 'failed', code: 'training.diverged', message: `${mark} diverged` })
  for (const id of ids.succeeded) await succeed({ worker, id, mark })
  for (const id of ids.cancelled) await client.cancelJob(id)
  return ids
}

/** @param {string} mark @param {string} name @param {object} resources */
function jobOf(mark, name, resources) {
  return {
    ...{ name, description: `of ${mark}`, labels: { owner: mark } },
    ...{ data: { name: 'optdigits' }, student: { model: 'mlp' }, method: { name: 'none' }, train: { epochs: 1 } },
    resources: { attempts: 1, ...resources },
  }
}

const attemptOf = (/** @type {string} */ jobId) => ({ jobId, attempt: 1 })

/**
 * Takes the job, as soon as it is handed out, and reports of it.
 * @param {{client: Client, worker: Client, workerId: string, id: string, mark: string}} context
 */
async function begin({ client, worker, workerId, id, mark }) {
  await waitUntil(`job ${id} to be dispatched`, async () => (await client.getJob(id)).state === 'dispatched')
  await worker.claimJob(id, { workerId, attempt: 1 })
  const point = { name: `${mark}-loss`, stage: 'student', epoch: 0, value: 1 }
  const metrics = [1, 2, 3].map((seq) => ({ ...point, seq, step: seq }))
  const logs = [{ at: new Date().toISOString(), level: /** @type {const} */ ('info'), message: `${mark} trains` }]
  await worker.report(attemptOf(id), { batch: 1, metrics, logs, events: [] })
  const file = await upload(worker, 'state.json', `{"of":"${mark}","job":"${id}"}`)
  await worker.saveCheckpoint(attemptOf(id), { stage: 'student', step: 3, metricSeq: 3, files: [file] })
}

/** @param {{worker: Client, id: string, mark: string}} context */
async function succeed({ worker, id, mark }) {
  const file = await upload(worker, ARTIFACT, `{"of":"${mark}","job":"${id}","artifact":true}`)
  await worker.saveArtifacts(attemptOf(id), { kind: 'export', files: [file] })
  await worker.finish(attemptOf(id), { outcome: 'succeeded', metrics: { accuracy: 0.5 }, metricSeq: 3 })
}

/** @param {Client} worker @param {string} path @param {string} text */
async function upload(worker, path, text) {
  const content = new TextEncoder().encode(text)
  const sha256 = createHash('sha256').update(content).digest('hex')
  await worker.uploadBlob(sha256, content)
  return { path, sha256, size: content.length, contentType: 'application/json' }
}
