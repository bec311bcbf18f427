// Sends what a trainer says in numbered batches, one at a time and in order: a batch is repeated until the API has it,
// and the API drops a repeated number, so nothing is lost and nothing counts twice.
import type { Report } from '@stillhouse/spec'
import { createReportBacklog, type ReportBacklog } from './report-backlog.ts'

export interface ReportBatcher extends Pick<ReportBacklog, 'addMetrics' | 'addLog' | 'addEvent' | 'setProgress'> {
  /** Points, lines and events that are not acknowledged yet. */
  waiting(): number
  /** Resolves when everything added so far is acknowledged; rejects when it cannot be delivered. */
  flush(): Promise<void>
  /** Aborted when a batch cannot be delivered at all, or the backlog grew past its limit. */
  readonly failed: AbortSignal
  /** Sends nothing more. */
  close(): void
}

export interface ReportBatcherOptions {
  /** Delivers one batch; repeats it itself and rejects only when that is hopeless. */
  readonly send: (report: Report) => Promise<void>
  readonly everyMs: number
}

export function createReportBatcher({ send, everyMs }: ReportBatcherOptions): ReportBatcher {
  const backlog = createReportBacklog()
  const failure = new AbortController()
  const failed = failure.signal
  let timer: NodeJS.Timeout | null = null
  let sending: Promise<void> | null = null
  let closed = false
  let underWay = 0

  const isOver = (): boolean => failed.aborted || closed

  async function sendAll(): Promise<void> {
    while (!backlog.isEmpty() && !isOver()) {
      const report = backlog.take()
      underWay = report.metrics.length + report.logs.length + report.events.length
      await send(report)
      underWay = 0
    }
  }

  function start(): Promise<void> {
    if (timer) clearTimeout(timer)
    timer = null
    sending ??= sendAll()
      .catch((error) => failure.abort(error))
      .finally(() => {
        sending = null
        if (!backlog.isEmpty()) schedule()
      })
    return sending
  }

  function schedule(): void {
    if (!timer && !sending && !isOver()) timer = setTimeout(() => void start(), everyMs)
  }

  function add<A extends unknown[]>(put: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        put(...args)
      } catch (error) {
        failure.abort(error)
      }
      schedule()
    }
  }

  return {
    addMetrics: add(backlog.addMetrics),
    addLog: add(backlog.addLog),
    addEvent: add(backlog.addEvent),
    setProgress: add(backlog.setProgress),
    waiting: () => backlog.size() + underWay,
    failed,
    flush: async () => {
      while ((!backlog.isEmpty() || sending) && !isOver()) await start()
      failed.throwIfAborted()
    },
    close: () => {
      closed = true
      if (timer) clearTimeout(timer)
    },
  }
}
