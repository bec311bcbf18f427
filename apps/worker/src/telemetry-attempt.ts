// One attempt as spans: the attempt itself, what the worker does for it, and what the trainer says that it is doing. The
// trainer has no network, so its phases are told from here, by the stage that its progress names.
import { startSpan, type TraceSpan } from '@stillhouse/kit'
import type { Claim, Outcome } from '@stillhouse/spec'

/** What the worker itself does for an attempt. */
type Chore = 'restore checkpoint' | 'bring data' | 'start trainer' | 'fetch model' | 'upload'

export interface AttemptTrace {
  /** Null when nothing is traced. */
  readonly traceId: string | null
  /** Does a chore as a span of its own. */
  during<T>(chore: Chore, work: () => Promise<T>, what?: string): Promise<T>
  /** The trainer is in this stage now. */
  stage(name: string): void
  /** The trainer has said its last. */
  stagesEnd(): void
  /** Of several endings the first counts; `abandoned`: it is somebody else's now, or nobody's. */
  end(outcome: Outcome | 'abandoned'): void
}

/** Stages that every training may have; those of methods have names of their own. */
const STAGES = ['teacher', 'baseline', 'evaluate', 'export']

export interface AttemptTraceOptions {
  readonly claim: Pick<Claim, 'jobId' | 'attempt' | 'traceparent'>
  readonly worker: { readonly id: string; readonly name: string; readonly slot: number }
}

export function startAttemptTrace({ claim, worker }: AttemptTraceOptions): AttemptTrace {
  const attributes = {
    'stillhouse.job.id': claim.jobId,
    'stillhouse.attempt': claim.attempt,
    'stillhouse.worker.id': worker.id,
    'stillhouse.worker.name': worker.name,
    'stillhouse.worker.slot': worker.slot,
  }
  const span = startSpan('attempt', { parent: claim.traceparent, kind: 'consumer', attributes })
  const parent = span.traceparent
  let now: { readonly stage: string; readonly span: TraceSpan } | null = null

  const stagesEnd = (): void => {
    now?.span.end()
    now = null
  }
  return {
    traceId: span.traceId,
    during: async (chore, work, what) => {
      const own = startSpan(chore, { parent, attributes: { 'stillhouse.what': what } })
      try {
        const result = await work()
        own.end()
        return result
      } catch (error) {
        own.end({ error: error instanceof Error ? error.name : 'failed' })
        throw error
      }
    },
    stage: (stage) => {
      if (now?.stage === stage) return
      stagesEnd()
      const name = STAGES.includes(stage) ? stage : 'train'
      now = { stage, span: startSpan(name, { parent, attributes: { 'stillhouse.stage': stage } }) }
    },
    stagesEnd,
    end: (outcome) => {
      stagesEnd()
      const ending = outcome === 'abandoned' ? outcome : outcome.outcome
      const error = outcome === 'abandoned' ? outcome : outcome.outcome === 'failed' ? outcome.code : undefined
      span.end({ error, attributes: { 'stillhouse.outcome': ending } })
    },
  }
}
