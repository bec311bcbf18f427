// A JobService in memory, just enough of one for the HTTP layer's own tests: it keeps what it is given, numbers it, and
// wakes watchers. The real rules (states, leases, fencing) are tested where they live.
import { randomUUID } from 'node:crypto'
import type { Caller, JobService, KeyHolder, TeamService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import {
  type Artifact,
  type AuditEntry,
  type Dataset,
  DEFAULT_TEAM,
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
  type Team,
  type UploadedModel,
  type Webhook,
  type WebhookDelivery,
  type Worker,
} from '@stillhouse/spec'
import { fakeAdministration } from './fake-administration.ts'
import { fakeFiles, sha256 } from './fake-files.ts'
import { keyHolders } from './fake-keys.ts'
import { type FakeState, fakeState } from './fake-state.ts'
import { fakeWebhooks } from './fake-webhooks.ts'

export { sha256 } from './fake-files.ts'
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
  readonly webhooks: Map<string, Webhook>
  readonly deliveries: Map<string, WebhookDelivery[]>
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
  state: FakeState
}

const AT = '2026-01-02T03:04:05.000Z'
/** The attempt that is not stale. */
const LIVE_ATTEMPT = 1

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
  const keys: FakeService['keys'] = new Map()
  const issued: FakeService['issued'] = new Map()
  const teams: FakeService['teams'] = new Map()
  const webhooks: FakeService['webhooks'] = new Map()
  const deliveries: FakeService['deliveries'] = new Map()
  const audit: FakeService['audit'] = []
  const watchers = new Map<string, Set<() => void>>()
  const calls: unknown[][] = []
  const state = fakeState()

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
    webhooks,
    deliveries,
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
    ...fakeAdministration({ issued, teams, audit, calls }),
    ...fakeWebhooks({ webhooks, deliveries, calls }),
    ...fakeFiles({ blobs, datasets, models, calls }),
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
    getJobModel: async (id) => {
      if (found(id).state !== 'succeeded') throw new ApiError('model.not_found', 'The job has not succeeded.')
      return { format: 'tfjs-layers', files: [] }
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

  function workerOf(id: string): Worker {
    const worker = workers.get(id)
    if (worker === undefined) throw new ApiError('worker.not_found', `There is no worker ${id}.`)
    return worker
  }

  for (const [secret, holder] of keyHolders()) keys.set(secret, holder)
  return fake
}
