// The API's side of a worker's life, in memory: it fences attempts, numbers batches, keeps blobs, and fails on demand.
import { hash, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type {
  ApiErrorCode,
  ArtifactReport,
  CheckpointReport,
  Claim,
  Dataset,
  JobSpec,
  Outcome,
  RegisterWorker,
  Report,
  StoredCheckpoint,
  TrainedTeacher,
  WorkerHeartbeat,
  WorkerOrders,
} from '@stillhouse/spec'
import { datasetManifest, sortedFiles } from '@stillhouse/spec'
import type { AttemptRef, WorkerApi } from '../worker-api.ts'

/** An answer with a problem document. */
export class FakeProblem extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: ApiErrorCode | 'internal.error', detail: string = code) {
    super(detail)
    this.name = 'FakeProblem'
    this.status = status
    this.code = code
  }
}

export interface FakeJob {
  readonly spec: JobSpec
  readonly checkpoint: StoredCheckpoint | null
  readonly fallback: StoredCheckpoint | null
  attempt: number
  order: WorkerOrders['jobs'][number]['order']
  /** Sent with the order. */
  reason?: string
  readonly reports: Report[]
  readonly checkpoints: CheckpointReport[]
  readonly artifacts: ArtifactReport[]
  readonly outcomes: Outcome[]
}

export interface FakeService {
  readonly api: WorkerApi
  readonly jobs: Map<string, FakeJob>
  readonly blobs: Map<string, Buffer>
  readonly teachers: Map<string, TrainedTeacher>
  readonly datasets: Map<string, Dataset>
  readonly workers: RegisterWorker[]
  readonly heartbeats: WorkerHeartbeat[]
  /** Names of all calls in order, refused ones too. */
  readonly calls: string[]
  /** Called before each call; throw to make it fail. */
  before: (call: string) => void
  leaseSeconds: number
  /** Id that every worker gets. */
  readonly workerId: string
  /** Digest that the service has stored for `text`. */
  store(text: string): string
  /** Id of a data set of these texts by path. */
  storeDataset(files: Readonly<Record<string, string>>): string
  /** @param checkpoints newest first */
  addJob(spec: JobSpec, ...checkpoints: StoredCheckpoint[]): string
}

const HEARTBEAT_SECONDS = 0.1

export function createFakeService(): FakeService {
  const jobs = new Map<string, FakeJob>()
  const blobs = new Map<string, Buffer>()
  const teachers = new Map<string, TrainedTeacher>()
  const datasets = new Map<string, Dataset>()
  const workers: RegisterWorker[] = []
  const heartbeats: WorkerHeartbeat[] = []
  const calls: string[] = []

  const called = (name: string): void => {
    calls.push(name)
    service.before(name)
  }
  const held = ({ jobId, attempt }: AttemptRef): FakeJob => {
    const job = jobs.get(jobId)
    if (!job || job.attempt !== attempt) throw new FakeProblem(409, 'attempt.stale')
    return job
  }

  const api: WorkerApi = {
    register: async (worker) => {
      called('register')
      workers.push(worker)
      return { workerId: service.workerId, leaseSeconds: service.leaseSeconds, heartbeatSeconds: HEARTBEAT_SECONDS }
    },
    heartbeat: async (_workerId, heartbeat) => {
      called('heartbeat')
      heartbeats.push(heartbeat)
      return {
        jobs: heartbeat.jobs.map((ref) => {
          const job = jobs.get(ref.jobId)
          if (job?.attempt !== ref.attempt) return { ...ref, order: 'abandon' }
          return { ...ref, order: job.order, ...(job.reason !== undefined && { reason: job.reason }) }
        }),
      }
    },
    deregister: async () => called('deregister'),
    claim: async (jobId, { attempt }): Promise<Claim> => {
      called('claim')
      const { spec, checkpoint, fallback } = held({ jobId, attempt })
      return { jobId, attempt, spec, checkpoint, fallback, leaseSeconds: service.leaseSeconds }
    },
    report: async (ref, report) => {
      called('report')
      const { reports } = held(ref)
      if (!reports.some(({ batch }) => batch === report.batch)) reports.push(report)
    },
    saveCheckpoint: async (ref, checkpoint) => {
      called('saveCheckpoint')
      held(ref).checkpoints.push(checkpoint)
    },
    saveArtifacts: async (ref, report) => {
      called('saveArtifacts')
      held(ref).artifacts.push(report)
    },
    finish: async (ref, outcome) => {
      called('finish')
      held(ref).outcomes.push(outcome)
    },
    getTeacher: async (key) => {
      called('getTeacher')
      const teacher = teachers.get(key)
      if (!teacher) throw new FakeProblem(404, 'model.not_found', 'nobody has it')
      return teacher
    },
    saveTeacher: async (teacher) => {
      called('saveTeacher')
      teachers.set(teacher.key, teacher)
    },
    getJobModel: async (jobId) => {
      called('getJobModel')
      const stored = jobs.get(jobId)?.artifacts[0]
      if (!stored) throw new FakeProblem(409, 'job.state_conflict')
      return { format: 'tfjs-layers', files: stored.files }
    },
    getUploadedModel: async () => {
      called('getUploadedModel')
      throw new FakeProblem(404, 'model.not_found')
    },
    getDataset: async (id) => {
      called('getDataset')
      const dataset = datasets.get(id)
      if (!dataset) throw new FakeProblem(404, 'dataset.not_found')
      return dataset
    },
    hasBlob: async (sha256) => {
      called('hasBlob')
      return blobs.has(sha256)
    },
    putBlob: async (sha256, path) => {
      called('putBlob')
      blobs.set(sha256, await readFile(path))
    },
    getBlob: async (sha256, path) => {
      called('getBlob')
      const blob = blobs.get(sha256)
      if (!blob) throw new FakeProblem(404, 'blob.not_found')
      await writeFile(path, blob)
    },
  }

  const service: FakeService = {
    api,
    jobs,
    blobs,
    teachers,
    datasets,
    workers,
    heartbeats,
    calls,
    before: () => {},
    leaseSeconds: 20,
    workerId: randomUUID(),
    store: (text) => {
      const sha256 = hash('sha256', text)
      blobs.set(sha256, Buffer.from(text))
      return sha256
    },
    storeDataset: (texts) => {
      const files = sortedFiles(
        Object.entries(texts).map(([path, text]) => ({
          path,
          sha256: service.store(text),
          size: Buffer.byteLength(text),
        })),
      )
      const id = hash('sha256', datasetManifest(files))
      const size = files.reduce((sum, file) => sum + file.size, 0)
      datasets.set(id, { id, size, files, createdAt: new Date(0).toISOString() })
      return id
    },
    addJob: (spec, checkpoint, fallback) => {
      const id = randomUUID()
      jobs.set(id, {
        spec,
        checkpoint: checkpoint ?? null,
        fallback: fallback ?? null,
        attempt: 1,
        order: 'go-on',
        reports: [],
        checkpoints: [],
        artifacts: [],
        outcomes: [],
      })
      return id
    },
  }
  return service
}
