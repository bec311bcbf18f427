// The API as one attempt sees it: calls are repeated while that may help, and the first sign that the attempt belongs
// to somebody else ends them all.
import type { ArtifactReport, CheckpointReport, Outcome, Report } from '@stillhouse/spec'
import { isStale, isUnknownJob, mayPass } from './api-failure.ts'
import { retry } from './retry.ts'
import type { AttemptRef, WorkerApi } from './worker-api.ts'

type FileCalls =
  | 'getTeacher'
  | 'saveTeacher'
  | 'getJobModel'
  | 'getUploadedModel'
  | 'getDataset'
  | 'hasBlob'
  | 'putBlob'
  | 'getBlob'

/** The calls of WorkerApi that an attempt makes, with the attempt filled in. */
export interface AttemptApi extends Pick<WorkerApi, FileCalls> {
  report(report: Report): Promise<void>
  saveCheckpoint(checkpoint: CheckpointReport): Promise<void>
  saveArtifacts(report: ArtifactReport): Promise<void>
  finish(outcome: Outcome): Promise<void>
}

export interface AttemptApiOptions {
  readonly api: WorkerApi
  readonly ref: AttemptRef
  /** Aborted when the attempt is abandoned: every call rejects then, with the signal's reason. */
  readonly abandoned: AbortSignal
  /** Called when the API says that the attempt is fenced off. */
  readonly onStale: () => void
  readonly onRetry: (error: unknown, pauseMs: number) => void
  /** Files are given up after this long, e.g. when the artifact store is down; reports never. */
  readonly giveUpAfterMs: number
}

export function createAttemptApi(options: AttemptApiOptions): AttemptApi {
  const { api, ref, abandoned, onStale, onRetry, giveUpAfterMs } = options
  const repeat = <T>(call: () => Promise<T>, limitMs: number = giveUpAfterMs, signal = abandoned): Promise<T> =>
    retry(call, { signal, mayPass, giveUpAfterMs: limitMs, onRetry })

  /** A write about the attempt itself, which only its owner may make. */
  async function own(call: () => Promise<void>, limitMs?: number): Promise<void> {
    try {
      await repeat(call, limitMs)
    } catch (error) {
      if (isStale(error) || isUnknownJob(error)) onStale()
      abandoned.throwIfAborted()
      throw error
    }
  }

  return {
    report: (report) => own(() => api.report(ref, report), Number.POSITIVE_INFINITY),
    finish: (outcome) => own(() => api.finish(ref, outcome), Number.POSITIVE_INFINITY),
    saveCheckpoint: (checkpoint) => own(() => api.saveCheckpoint(ref, checkpoint)),
    saveArtifacts: (report) => own(() => api.saveArtifacts(ref, report)),
    getTeacher: (key) => repeat(() => api.getTeacher(key)),
    saveTeacher: (teacher) => repeat(() => api.saveTeacher(teacher)),
    getJobModel: (jobId) => repeat(() => api.getJobModel(jobId)),
    getUploadedModel: (modelId) => repeat(() => api.getUploadedModel(modelId)),
    hasBlob: (sha256) => repeat(() => api.hasBlob(sha256)),
    putBlob: (sha256, path) => repeat(() => api.putBlob(sha256, path)),
    // a signal of the caller's own has to cover `abandoned` too
    getDataset: (id, signal) => repeat(() => api.getDataset(id, signal), giveUpAfterMs, signal),
    getBlob: (sha256, path, signal) => repeat(() => api.getBlob(sha256, path, signal), giveUpAfterMs, signal),
  }
}
