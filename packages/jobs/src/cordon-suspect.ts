// A machine that is broken fails every job it gets, and as it fails them fast it gets many. When different jobs in a row
// fail on a worker through no fault of theirs it gets no more, until an administrator says otherwise.
import type { NewMend } from '@stillhouse/db'
import { FAILURE_CODES, FAILURES } from '@stillhouse/spec'
import { type JobContext, liveSeconds } from './job-context.ts'
import { mend } from './mend.ts'

/** Failures that may be the machine's: what ends in these says nothing about the job. */
const MACHINE_CODES = FAILURE_CODES.filter((code) => {
  const ofMachine = FAILURES[code].class === 'infrastructure' && code !== 'worker.lost' && code !== 'job.poison'
  return ofMachine || code === 'resource.no_gpu' || code === 'resource.disk_full'
})

/** To be called when an attempt has failed on the worker. Never cordons the last worker that takes jobs. */
export async function cordonSuspect(context: JobContext, workerId: string): Promise<NewMend[]> {
  const { settings } = context
  return mend(context, {}, async (tx) => {
    const failed = await tx.attempts.failedInARow(workerId, MACHINE_CODES)
    if (failed.length < settings.suspectFailures) return []
    await tx.signals.lockDispatch() // of two suspects one is left
    if (!(await tx.workers.cordonUnlessLast(workerId, liveSeconds(settings)))) return []
    const worker = await tx.workers.nameOf(workerId)
    return [{ kind: 'worker.suspect', target: workerId, detail: { workerId, worker, jobs: failed } }]
  })
}
