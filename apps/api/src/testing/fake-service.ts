// A JobService in memory, just enough of one for the HTTP layer's own tests: it keeps what it is given, numbers it, and
// wakes watchers. The real rules (states, leases, fencing) are tested where they live.
import { hash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type {
  BackgroundStats,
  Caller,
  JobService,
  KeyHolder,
  QueueStats,
  ServiceTotals,
  TeamService,
} from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import {
  type Artifact,
  type AuditEntry,
  type Dataset,
  DEFAULT_TEAM,
  datasetManifest,
  type Fault,
  type IssuedKey,
  isFinalState,
  type Job,
  type JobEvent,
  type JobEventBody,
  type JobSpec,
  type LogLine,
  type MetricPoint,
  type ModelFiles,
  sortedFiles,
  type Team,
  type TrainedTeacher,
  type UploadedModel,
  type Worker,
} from '@stillhouse/spec'
import { fakeAdministration } from './fake-administration.ts'
import { keyHolders } from './fake-keys.ts'

export { KEYS, TEAM } from './fake-keys.ts'

/** Everybody sees everything here; who asked is noted in `callers`, for which team in `teamsAsked`. */
export interface FakeService extends JobService, TeamService {
  readonly jobs: Map<string, Job>
  readonly events: Map<string, JobEvent[]>
  readonly metrics: Map<string, MetricPoint[]>
  readonly logs: Map<string, LogLine[]>
  readonly artifacts: Map<string, Artifact[]>
  readonly blobs: Map<string, Buffer>
  readonly workers: Map<string, Worker>
  readonly datasets: Map<string, Dataset>
  readonly models: Map<string, { model: UploadedModel; files: ModelFiles }>
  readonly keys: Map<string, KeyHolder>
  readonly issued: Map<string, IssuedKey['key']>
  readonly teams: Map<string, Team>
  readonly audit: AuditEntry[]
  readonly callers: Caller[]
  readonly teamsAsked: (string | undefined)[]
  /** What was reported, in order: [method, …arguments]. */
  readonly calls: unknown[][]
  /** Live subscriptions. */
  watchers(): number
  emit(jobId: string, event: JobEventBody): void
  addArtifact(jobId: string, path: string, bytes: Buffer, contentType: string): Artifact
  /** Called at the start of every listEvents, to make things happen in between. */
  beforeListEvents: () => void
  state: {
    ready: boolean
    failWith: Error | null
    stats: QueueStats
    totals: ServiceTotals
    background: BackgroundStats
  }
}

const AT = '2026-01-02T03:04:05.000Z'
/** The attempt that is not stale. */
const LIVE_ATTEMPT = 1

export function sha256(bytes: Buffer | string): string {
  return hash('sha256', bytes)
}

export function createFakeService(): FakeService {
  const jobs: FakeService['jobs'] = new Map()
  const submissions = new Map<string, { id: string; bodyHash: string }>()
  const events: FakeService['events'] = new Map()
  const metrics: FakeService['metrics'] = new Map()
  const logs: FakeService['logs'] = new Map()
  const artifacts: FakeService['artifacts'] = new Map()
  const blobs: FakeService['blobs'] = new Map()
  const workers: FakeService['workers'] = new Map()
  const datasets: FakeService['datasets'] = new Map()
  const models: FakeService['models'] = new Map()
  const teachers = new Map<string, TrainedTeacher>()
  const keys: FakeService['keys'] = new Map()
  const issued: FakeService['issued'] = new Map()
  const teams: FakeService['teams'] = new Map()
  const audit: FakeService['audit'] = []
  const watchers = new Map<string, Set<() => void>>()
  const calls: unknown[][] = []
  const state: FakeService['state'] = {
    ready: true,
    failWith: null,
    stats: {
      jobs: { blocked: 0, queued: 2, dispatched: 0, running: 1, succeeded: 5, failed: 0, cancelled: 0 },
      oldestQueuedSeconds: 12.5,
      outboxPending: 1,
      outboxOldestSeconds: 0.25,
      workers: { active: 1, slots: 2, busy: 1 },
      waiting: [{ team: 'default', reason: 'busy', jobs: 2 }],
      waitingNeeds: [{ needs: '{"gpus":1}', jobs: 2 }],
      oldestWaits: [{ team: 'default', seconds: 12.5 }],
      training: [{ team: 'default', jobs: 1, imagesPerSecond: 640, stepSeconds: 0.05 }],
    },
    totals: {
      attempts: [
        { team: 'default', ending: 'failed', failureClass: 'infrastructure', code: 'worker.lost', attempts: 3 },
      ],
      usage: [{ team: 'default', slotSeconds: 120, gpuSeconds: 60 }],
      waits: [{ team: 'default', until: 'start', counts: [0, 2, 0, 1, ...Array(10).fill(0)], seconds: 5.25 }],
    },
    background: {
      leading: true,
      loops: {
        dispatch: { rounds: 7, failures: 1, lastSeconds: 0.02, idleSeconds: 0.5 },
        relay: { rounds: 8, failures: 0, lastSeconds: 0.01, idleSeconds: 0.25 },
        sweep: { rounds: 0, failures: 0, lastSeconds: null, idleSeconds: null },
      },
      handedOut: 4,
      relayed: 5,
      mended: { 'expired-leases': 2 },
    },
  }

  const found = (id: string): Job => {
    if (state.failWith !== null) throw state.failWith
    const job = jobs.get(id)
    if (job === undefined) throw new ApiError('job.not_found', `There is no job ${id}.`)
    return job
  }
  const update = (id: string, change: Partial<Job>): Job => {
    const job = { ...found(id), ...change }
    jobs.set(id, job)
    return job
  }
  const pageOf = <T extends { seq: number }>(items: readonly T[] = [], after: number, limit: number): T[] =>
    items.filter((item) => item.seq > after).slice(0, limit)
  const attempt = (method: string, ref: { jobId: string; attempt: number }, ...rest: unknown[]): void => {
    found(ref.jobId)
    calls.push([method, ref, ...rest])
    if (ref.attempt !== LIVE_ATTEMPT) throw new ApiError('attempt.stale', `Attempt ${ref.attempt} was replaced.`)
  }

  const fake: FakeService = {
    jobs,
    events,
    metrics,
    logs,
    artifacts,
    blobs,
    workers,
    datasets,
    models,
    keys,
    issued,
    teams,
    audit,
    callers: [],
    teamsAsked: [],
    calls,
    state,
    beforeListEvents: () => undefined,
    watchers: () => [...watchers.values()].reduce((sum, set) => sum + set.size, 0),
    emit: (jobId, event) => {
      const list = events.get(jobId) ?? []
      list.push({ ...event, seq: list.length + 1, at: AT })
      events.set(jobId, list)
      if (event.type === 'state') update(jobId, { state: event.data.state })
      for (const wake of watchers.get(jobId) ?? []) wake()
    },
    addArtifact: (jobId, path, bytes, contentType) => {
      const digest = sha256(bytes)
      blobs.set(digest, bytes)
      const artifact: Artifact = {
        path,
        kind: 'export',
        sha256: digest,
        size: bytes.length,
        contentType,
        attempt: 1,
        createdAt: AT,
      }
      artifacts.set(jobId, [...(artifacts.get(jobId) ?? []), artifact])
      return artifact
    },

    as: (caller) => {
      fake.callers.push(caller)
      return fake
    },
    inTeam: async (team) => {
      fake.teamsAsked.push(team)
      return fake
    },
    dependencyFaults: async (spec) => dependencyFaultsOf(spec),
    submitGraph: async ({ jobs: sent, ...how }) => {
      const made: Record<string, Job> = {}
      for (const { name, id, spec } of sent) {
        const { job } = await fake.submit({ spec, bodyHash: how.bodyHash })
        jobs.delete(job.id)
        jobs.set(id, { ...job, id })
        made[name] = { ...job, id }
      }
      calls.push(['submitGraph', how])
      return { jobs: made, replayed: false }
    },
    changeJobs: async (change) => {
      calls.push(['changeJobs', change])
      return { matched: 0, changed: 0, ids: [], unchanged: [], nextCursor: null }
    },
    submit: async ({ spec, idempotencyKey, bodyHash }) => {
      if (state.failWith !== null) throw state.failWith
      const faults = dependencyFaultsOf(spec)
      if (faults.length > 0) throw new ApiError('spec.invalid', 'The job waits in vain.', { faults })
      const before = idempotencyKey === undefined ? undefined : submissions.get(idempotencyKey)
      if (before !== undefined && before.bodyHash !== bodyHash)
        throw new ApiError('idempotency.mismatch', 'This Idempotency-Key came with another body before.')
      if (before !== undefined) return { job: found(before.id), replayed: true }
      const job: Job = {
        id: randomUUID(),
        team: DEFAULT_TEAM.name,
        name: spec.name,
        state: 'queued',
        verdict: null,
        attempt: 0,
        priority: spec.priority,
        preemptible: spec.preemptible ?? false,
        labels: spec.labels,
        spec,
        specHash: sha256(JSON.stringify(spec)),
        progress: null,
        queue: { position: 1, kind: 'next', reason: 'waits for a free slot', expectedStart: null },
        result: null,
        failure: null,
        cancelRequested: false,
        createdAt: AT,
        startedAt: null,
        finishedAt: null,
      }
      jobs.set(job.id, job)
      if (idempotencyKey !== undefined) submissions.set(idempotencyKey, { id: job.id, bodyHash })
      fake.emit(job.id, { type: 'state', data: { state: 'queued', attempt: 0 } })
      return { job, replayed: false }
    },
    getJob: async (id) => found(id),
    showQueue: async (question) => {
      calls.push(['showQueue', question])
      return { ...{ workers: 1, leaving: 0, slots: 2, busy: 1, inLine: 0 }, teams: [], jobs: [] }
    },
    listJobs: async (filter) => {
      calls.push(['listJobs', filter])
      if (filter.cursor !== undefined && !/^\d+$/.test(filter.cursor))
        throw new ApiError('request.invalid', 'The cursor is not one of ours.')
      const start = Number(filter.cursor ?? 0)
      const all = [...jobs.values()].filter(
        (job) =>
          (filter.state === undefined || job.state === filter.state) &&
          Object.entries(filter.labels).every(([key, value]) => job.labels[key] === value),
      )
      const next = start + filter.limit
      return { items: all.slice(start, next), nextCursor: next < all.length ? String(next) : null }
    },
    cancelJob: async (id) => {
      if (isFinalState(found(id).state)) throw new ApiError('job.state_conflict', 'The job is finished.')
      return update(id, { cancelRequested: true })
    },
    retryJob: async (id) => {
      if (!isFinalState(found(id).state)) throw new ApiError('job.state_conflict', 'The job is not finished.')
      return update(id, { state: 'queued' })
    },
    changeJob: async ({ id, priority }) => {
      if (isFinalState(found(id).state)) throw new ApiError('job.state_conflict', 'The job is finished.')
      return update(id, { priority })
    },
    listMetrics: async (id, { after, limit, name }) => {
      const complete = isFinalState(found(id).state)
      const items = pageOf(metrics.get(id), after, limit).filter((point) => name === undefined || point.name === name)
      return { items, lastSeq: items.at(-1)?.seq ?? after, complete }
    },
    listLogs: async (id, { after, limit }) => {
      const items = pageOf(logs.get(id), after, limit)
      return { items, lastSeq: items.at(-1)?.seq ?? after, complete: isFinalState(found(id).state) }
    },
    listEvents: async (id, { after, limit }) => {
      const complete = isFinalState(found(id).state)
      const items = pageOf(events.get(id), after, limit)
      // the page is taken before the hook runs: what the hook adds is only seen by whoever is woken by it
      fake.beforeListEvents()
      return { items, complete }
    },
    watchJob: (id, wake) => {
      const set = watchers.get(id) ?? new Set()
      watchers.set(id, set.add(wake))
      return () => set.delete(wake)
    },
    listArtifacts: async (id) => {
      found(id)
      return artifacts.get(id) ?? []
    },
    getArtifact: async (id, path) => {
      found(id)
      calls.push(['getArtifact', path])
      const artifact = artifacts.get(id)?.find((one) => one.path === path)
      if (artifact === undefined) throw new ApiError('artifact.not_found', `The job has no artifact ${path}.`)
      return artifact
    },
    listWorkers: async () => [...workers.values()],
    changeWorker: async ({ id, mode }) => {
      const changed = { ...workerOf(id), mode }
      workers.set(id, changed)
      return changed
    },
    stats: async () => {
      if (state.failWith !== null) throw state.failWith
      return state.stats
    },
    totals: async () => state.totals,
    background: () => state.background,
    saveModel: async (model, files) => {
      const saved = { ...model, createdAt: AT }
      models.set(model.id, { model: saved, files: { format: model.format, files: [...files] } })
      return saved
    },
    getModel: async (id) => modelOf(id).model,
    getModelFiles: async (id) => modelOf(id).files,
    saveDataset: async (files) => {
      const id = sha256(datasetManifest(files))
      const isNew = !datasets.has(id)
      const sorted = sortedFiles(files)
      const size = sorted.reduce((sum, file) => sum + file.size, 0)
      if (isNew) datasets.set(id, { id, size, files: sorted, createdAt: AT })
      return { dataset: datasets.get(id) as Dataset, isNew }
    },
    getDataset: async (id) => {
      const dataset = datasets.get(id)
      if (dataset === undefined) throw new ApiError('dataset.not_found', `There is no data set ${id}.`)
      return dataset
    },
    hasDataset: async (id) => datasets.has(id),
    listDatasets: async ({ limit, cursor }) => {
      const all = [...datasets.values()].map(({ files, ...rest }) => ({ ...rest, fileCount: files.length }))
      const start = cursor === undefined ? 0 : all.findIndex(({ id }) => id === cursor) + 1
      const items = all.slice(start, start + limit)
      return { items, nextCursor: start + limit < all.length ? (items.at(-1)?.id ?? null) : null }
    },
    ...fakeAdministration({ issued, teams, audit, calls }),
    authenticate: async (secret) => keys.get(secret) ?? null,
    ensureKey: async ({ name, secret, scopes }) => {
      keys.set(secret, { id: name, name, scopes, teamId: null, team: null, expiresAt: null })
    },
    registerWorker: async ({ name, host, version, slots, devices, labels = {}, memoryGb = null, features = [] }) => {
      const workerId = randomUUID()
      workers.set(workerId, {
        id: workerId,
        name,
        host,
        version,
        slots,
        devices,
        labels,
        memoryGb,
        mode: 'active',
        state: 'active',
        busy: 0,
        jobs: [],
        handsBack: features.includes('hand-back'),
        lastSeenAt: AT,
      })
      return { workerId, leaseSeconds: 20, heartbeatSeconds: 2 }
    },
    heartbeat: async (id, { jobs: held }) => {
      workerOf(id)
      return { jobs: held.map((one) => ({ ...one, order: 'go-on' as const })) }
    },
    removeWorker: async (id) => {
      workerOf(id)
      workers.delete(id)
    },
    claim: async (jobId, claim) => {
      workerOf(claim.workerId)
      attempt('claim', { jobId, attempt: claim.attempt })
      return {
        jobId,
        attempt: claim.attempt,
        spec: found(jobId).spec,
        leaseSeconds: 20,
        checkpoint: null,
        fallback: null,
      }
    },
    report: async (ref, report) => attempt('report', ref, report),
    saveCheckpoint: async (ref, checkpoint) => attempt('saveCheckpoint', ref, checkpoint),
    saveArtifacts: async (ref, report) => attempt('saveArtifacts', ref, report),
    finish: async (ref, outcome) => {
      attempt('finish', ref, outcome)
      return outcome.outcome === 'handed-back' ? 'queued' : outcome.outcome
    },
    getTeacher: async (key) => {
      const teacher = teachers.get(key)
      if (teacher === undefined) throw new ApiError('model.not_found', `There is no teacher ${key}.`)
      return teacher
    },
    saveTeacher: async (teacher) => {
      teachers.set(teacher.key, teacher)
    },
    getJobModel: async (id) => {
      if (found(id).state !== 'succeeded') throw new ApiError('model.not_found', 'The job has not succeeded.')
      return { format: 'tfjs-layers', files: [] }
    },
    hasBlob: async (digest) => blobs.has(digest),
    putBlob: async (digest, content) => {
      const chunks: Buffer[] = []
      for await (const chunk of content) chunks.push(Buffer.from(chunk as Uint8Array))
      const bytes = Buffer.concat(chunks)
      if (sha256(bytes) !== digest) throw new ApiError('blob.digest_mismatch', 'The bytes have another sha256.')
      blobs.set(digest, bytes)
    },
    addBlob: async (content) => {
      const chunks: Buffer[] = []
      for await (const chunk of content) chunks.push(Buffer.from(chunk as Uint8Array))
      const bytes = Buffer.concat(chunks)
      blobs.set(sha256(bytes), bytes)
      return { sha256: sha256(bytes), size: bytes.length }
    },
    getBlob: async (digest, range) => {
      const bytes = blobs.get(digest)
      calls.push(['getBlob', digest, range])
      if (bytes === undefined) throw new ApiError('blob.not_found', `There is no blob ${digest}.`)
      const part = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1)
      return { stream: Readable.from(part.length === 0 ? [] : [part]), size: bytes.length }
    },
    start: async () => undefined,
    ready: async () => {
      if (state.failWith !== null) throw state.failWith
      return { database: true, queue: state.ready, artifacts: true }
    },
    close: async () => undefined,
  }

  function dependencyFaultsOf({ after = [], teachers }: JobSpec): Fault[] {
    const taught = teachers.map(({ from }) => (from !== undefined && 'job' in from ? from.job : undefined))
    const named = [
      ...after.map(({ job }, i) => ({ path: `/after/${i}/job`, id: job })),
      ...taught.flatMap((id, i) => (id === undefined ? [] : [{ path: `/teachers/${i}/from/job`, id }])),
    ]
    return named.flatMap(({ path, id }): Fault[] => {
      const job = jobs.get(id)
      if (job === undefined) return [{ path, message: 'there is no such job', expected: 'a job', received: id }]
      const inVain = job.state === 'failed' || job.state === 'cancelled'
      return inVain ? [{ path, message: 'waits in vain', expected: 'a job', received: job.state }] : []
    })
  }

  function modelOf(id: string): { model: UploadedModel; files: ModelFiles } {
    const entry = models.get(id)
    if (entry === undefined) throw new ApiError('model.not_found', `There is no model ${id}.`)
    return entry
  }

  function workerOf(id: string): Worker {
    const worker = workers.get(id)
    if (worker === undefined) throw new ApiError('worker.not_found', `There is no worker ${id}.`)
    return worker
  }

  for (const [secret, holder] of keyHolders()) keys.set(secret, holder)
  return fake
}
