// Calls of workers.
import type { AttemptRef, Client } from '../client.ts'
import { answer, signalOf, type Wire } from '../wire.ts'

type WorkerCalls = Pick<
  Client,
  | 'registerWorker'
  | 'heartbeat'
  | 'removeWorker'
  | 'claimJob'
  | 'report'
  | 'saveCheckpoint'
  | 'saveArtifacts'
  | 'finish'
>

export function workerCalls({ api }: Wire): WorkerCalls {
  const one = (id: string) => ({ params: { path: { id } } })
  const attemptOf = ({ jobId, attempt }: AttemptRef) => ({ params: { path: { id: jobId, attempt } } })
  return {
    registerWorker: (body, options) => answer(api.POST('/v1/workers', { body, ...signalOf(options) })),
    heartbeat: (workerId, body, options) =>
      answer(api.POST('/v1/workers/{id}/heartbeat', { ...one(workerId), body, ...signalOf(options) })),
    removeWorker: async (workerId, options) => {
      await api.DELETE('/v1/workers/{id}', { ...one(workerId), ...signalOf(options) })
    },
    claimJob: (jobId, body, options) =>
      answer(api.POST('/v1/jobs/{id}/claim', { ...one(jobId), body, ...signalOf(options) })),
    report: async (ref, body, options) => {
      await api.POST('/v1/jobs/{id}/attempts/{attempt}/reports', { ...attemptOf(ref), body, ...signalOf(options) })
    },
    saveCheckpoint: async (ref, body, options) => {
      await api.POST('/v1/jobs/{id}/attempts/{attempt}/checkpoints', { ...attemptOf(ref), body, ...signalOf(options) })
    },
    saveArtifacts: async (ref, body, options) => {
      await api.POST('/v1/jobs/{id}/attempts/{attempt}/artifacts', { ...attemptOf(ref), body, ...signalOf(options) })
    },
    finish: async (ref, body, options) => {
      const init = { ...attemptOf(ref), body, ...signalOf(options) }
      return (await answer(api.POST('/v1/jobs/{id}/attempts/{attempt}/outcome', init))).state
    },
  }
}
