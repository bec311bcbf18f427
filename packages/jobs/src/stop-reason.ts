// Why a running job is wanted back from its worker: the words that the job keeps until it is back, and what they mean for
// the attempt that they end. Nothing but the words is stored, so they are made and read here only.
import type { AttemptEnd } from '@stillhouse/db'

const PREEMPTED = 'preempted by '

interface Owned {
  readonly id: string
  readonly teamId: string
}

/** The team of the job that has to give way is not told of another team's job more than that there is one. */
export function preemptedBy(winner: Owned, victim: Pick<Owned, 'teamId'>): string {
  return `${PREEMPTED}${winner.teamId === victim.teamId ? `job ${winner.id}` : 'a job'} of higher priority`
}

export function drainedFrom(workerName: string): string {
  return `worker ${workerName} is drained`
}

/** How an attempt ended that was handed back. */
export function handBackEnding(stopReason: string | null): AttemptEnd['ending'] {
  return stopReason?.startsWith(PREEMPTED) ? 'preempted' : 'handed-back'
}
