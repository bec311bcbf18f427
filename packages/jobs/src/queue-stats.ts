// What the service tells about itself, for dashboards and alarms. Two kinds: numbers of the whole service, which every
// replica reads from the database alike, and those of the background work of one process.
import type { AttemptEnd, EndedGroup, TrainingGroup, Usage } from '@stillhouse/db'
import type { FailureClass, JobState, WaitKind } from '@stillhouse/spec'

/**
 * Why jobs wait, as far as it can be told of many at once: spec's words, of which `busy` here stands for `next`, `share`
 * and `reserved` too.
 */
export type WaitReason = Extract<WaitKind, 'dependency' | 'quota' | 'worker' | 'busy' | 'back-off' | 'hand-over'>

/** How things stand now. */
export interface QueueStats {
  /** Those of finished states may be half a minute old. */
  readonly jobs: Readonly<Record<JobState, number>>
  readonly oldestQueuedSeconds: number
  readonly outboxPending: number
  readonly outboxOldestSeconds: number
  /** Messages that webhooks have not taken yet. */
  readonly untold: { readonly pending: number; readonly oldestSeconds: number }
  readonly workers: { readonly active: number; readonly slots: number; readonly busy: number }
  /** Jobs that wait, by team and reason; a pair without any is left out. */
  readonly waiting: readonly { readonly team: string; readonly reason: WaitReason; readonly jobs: number }[]
  /** Jobs that wait, by what they ask of a worker. */
  readonly waitingNeeds: readonly { readonly needs: string; readonly jobs: number }[]
  /** Of each team with waiting jobs the longest wait, seconds. */
  readonly oldestWaits: readonly { readonly team: string; readonly seconds: number }[]
  readonly training: readonly TrainingGroup[]
}

/** Attempts that ended in one way. */
export interface AttemptTotal {
  readonly team: string
  readonly ending: AttemptEnd['ending']
  /** Who is to blame for a failure, and its code. */
  readonly failureClass: FailureClass | null
  readonly code: EndedGroup['code']
  readonly attempts: number
}

/** How long attempts of a team had waited in the queue before they were handed out, or started. */
export interface WaitTotal {
  readonly team: string
  readonly until: 'dispatch' | 'start'
  /** Attempts by wait: up to each of WAIT_BOUNDS, and beyond the last. */
  readonly counts: readonly number[]
  readonly seconds: number
}

/** Upper bounds of the classes of waits, seconds. */
export const WAIT_BOUNDS = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 10_800, 43_200, 86_400] as const

/**
 * What has happened in the whole service since this process looked first. No number ever goes down, and processes that
 * live at the same time see the same increase.
 */
export interface ServiceTotals {
  readonly attempts: readonly AttemptTotal[]
  readonly usage: readonly (Usage & { readonly team: string })[]
  readonly waits: readonly WaitTotal[]
}

/** What a background loop of this process has done. */
export interface LoopStats {
  readonly rounds: number
  readonly failures: number
  /** Of the last round, seconds; null before the first. */
  readonly lastSeconds: number | null
  /** Since the last round that went well, seconds; null before the first. */
  readonly idleSeconds: number | null
}

export const BACKGROUND_LOOPS = ['dispatch', 'relay', 'webhooks', 'sweep'] as const
export type BackgroundLoop = (typeof BACKGROUND_LOOPS)[number]

/** The background work of this process, which does any only while it leads. */
export interface BackgroundStats {
  readonly leading: boolean
  readonly loops: Readonly<Record<BackgroundLoop, LoopStats>>
  /** Jobs given to a worker. */
  readonly handedOut: number
  /** Hand-overs and removals that the queue took. */
  readonly relayed: number
  /** What the sweeper mended, by its parts. */
  readonly mended: Readonly<Record<string, number>>
}
