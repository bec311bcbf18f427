// What waits to be reported, and how much of it goes into one report. Memory is bounded: log lines that come too fast
// are dropped and counted; metrics may not be dropped, so too many of them are a failure.
import type { JobProgress, MetricPoint, Report } from '@stillhouse/spec'
import { storableText } from './storable-text.ts'

type ReportLog = Report['logs'][number]
type ReportEvent = Report['events'][number]

/** Most that one batch carries; well below the limits of the Report schema and of a request body. */
export const BATCH_LIMITS = { metrics: 2000, logs: 500, logCharacters: 200_000, events: 200 } as const
const MAX_WAITING = { logs: 10_000, metrics: 500_000 } as const
const MAX_MESSAGE = 16_000

export interface ReportBacklog {
  /** @throws when the backlog would grow past its limit */
  addMetrics(points: readonly MetricPoint[]): void
  addLog(level: ReportLog['level'], message: string): void
  addEvent(event: ReportEvent): void
  /** Only the newest progress is kept. */
  setProgress(progress: JobProgress): void
  isEmpty(): boolean
  /** Points, lines and events that wait. */
  size(): number
  /** Takes the oldest of everything out, as the next report. */
  take(): Report
}

export function createReportBacklog(): ReportBacklog {
  const metrics: MetricPoint[] = []
  const logs: ReportLog[] = []
  const events: ReportEvent[] = []
  let progress: JobProgress | null = null
  let droppedLogs = 0
  let batch = 0

  function takeLogs(): ReportLog[] {
    if (droppedLogs > 0) logs.push(logLine('warn', `${droppedLogs} log lines were dropped: they came too fast.`))
    droppedLogs = 0
    return logs.splice(0, countLogs(logs))
  }

  function takeProgress(): { progress?: JobProgress } {
    const newest = progress
    progress = null
    return newest ? { progress: newest } : {}
  }

  return {
    addMetrics: (points) => {
      metrics.push(...points)
      if (metrics.length > MAX_WAITING.metrics) throw new Error(`${metrics.length} metric points wait to be reported.`)
    },
    addLog: (level, message) => {
      if (logs.length < MAX_WAITING.logs) logs.push(logLine(level, message))
      else droppedLogs += 1
    },
    addEvent: (event) => {
      events.push(event)
    },
    setProgress: (newest) => {
      progress = newest
    },
    size: () => metrics.length + logs.length + events.length,
    isEmpty: () => metrics.length + logs.length + events.length + droppedLogs === 0 && progress === null,
    take: () => {
      batch += 1
      return {
        batch,
        metrics: metrics.splice(0, BATCH_LIMITS.metrics),
        logs: takeLogs(),
        events: events.splice(0, BATCH_LIMITS.events),
        ...takeProgress(),
      }
    },
  }
}

function logLine(level: ReportLog['level'], message: string): ReportLog {
  return { at: new Date().toISOString(), level, message: storableText(message, MAX_MESSAGE) }
}

/** How many of the first lines fit into a batch; at least one. */
function countLogs(logs: readonly ReportLog[]): number {
  let characters = 0
  for (const [index, { message }] of logs.slice(0, BATCH_LIMITS.logs).entries()) {
    characters += message.length
    if (characters > BATCH_LIMITS.logCharacters && index > 0) return index
  }
  return Math.min(logs.length, BATCH_LIMITS.logs)
}
