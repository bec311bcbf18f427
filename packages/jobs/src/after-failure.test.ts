import type { FailedAttempt } from '@stillhouse/db'
import type { FailureCode } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { type AttemptFailure, consequenceOfFailure, type FailedJob } from './after-failure.ts'

const settings = { retryBaseSeconds: 2, poisonLosses: 3 }
const JOB = { id: 'j', attempt: 1, failures: 0, losses: 0, cancelRequested: false }

function jobWith({ attempts = 20, ...fields }: { attempts?: number; failures?: number; losses?: number } = {}) {
  return { ...JOB, ...fields, spec: { resources: { attempts } } } as unknown as FailedJob['job']
}

const failure = (code: FailureCode): AttemptFailure => ({ code, message: 'It went wrong.' })
const lostOn = (worker: string): FailedAttempt => ({ code: 'worker.lost', worker })

/** Without jitter. */
const decide = (job: FailedJob['job'], what: AttemptFailure, earlier: FailedAttempt[] = []) =>
  consequenceOfFailure({ job, failure: what }, { earlier, settings, random: () => 0.5 })

test('the wait doubles with every failure and never exceeds five minutes', () => {
  const waits = Array.from({ length: 10 }, (_, failures) => decide(jobWith({ failures }), failure('trainer.crashed')))
  expect(waits.map(({ move }) => 'retryInSeconds' in move && move.retryInSeconds)).toEqual([
    2, 4, 8, 16, 32, 64, 128, 256, 300, 300,
  ])
  expect(waits[1]?.reason).toBe('attempt 1 failed (failure 2 of at most 20); it is tried again in 4 s')
})

test('the wait differs by up to a quarter, so that jobs that failed together come back apart', () => {
  const waits = [0, 0.25, 1].map((drawn) => {
    const failed = { job: jobWith({ failures: 1 }), failure: failure('trainer.crashed') }
    const { move } = consequenceOfFailure(failed, { earlier: [], settings, random: () => drawn })
    return 'retryInSeconds' in move && move.retryInSeconds
  })
  expect(waits).toEqual([3, 3.5, 5])
})

test.each(['spec.rejected', 'data.invalid', 'training.diverged', 'job.timeout', 'resource.no_gpu'] as const)(
  '%s ends the job at once, with its hint',
  (code) => {
    const { move } = decide(jobWith(), failure(code))
    expect(move).toMatchObject({
      to: 'failed',
      failure: { code, message: 'It went wrong.', hint: expect.stringMatching(/\.$/) },
    })
  },
)

test('a job out of memory is tried once more, is told what to change, and then fails', () => {
  const first = decide(jobWith(), failure('resource.out_of_memory'))
  expect(first.move).toMatchObject({ to: 'queued', why: 'failed' })
  expect(first.failure?.hint).toContain('resources.memoryGb')
  const before = [{ code: 'resource.out_of_memory', worker: 'w1' }]
  const second = decide(jobWith({ failures: 1 }), failure('resource.out_of_memory'), before)
  expect(second.move).toMatchObject({ to: 'failed', failure: { hint: expect.stringContaining('train.batchSize') } })
  const afterLoss = decide(jobWith({ failures: 1 }), failure('resource.out_of_memory'), [lostOn('w1')])
  expect(afterLoss.move).toMatchObject({ to: 'queued' })
})

test('infrastructure failures end the job when its budget is used up', () => {
  const last = decide(jobWith({ attempts: 3, failures: 2 }), failure('worker.upload_failed'))
  expect(last.move).toMatchObject({ to: 'failed', failure: { code: 'worker.upload_failed' } })
})

test('a job under which workers are lost is given up before its budget, naming them', () => {
  const lost = { ...failure('worker.lost'), lostWorker: 'w3' }
  const second = decide(jobWith({ failures: 1, losses: 1 }), lost, [lostOn('w1')])
  expect(second.move).toMatchObject({ to: 'queued', lost: true })
  const earlier = [lostOn('w1'), { code: 'trainer.crashed', worker: 'w9' }, lostOn('w2')]
  const third = decide(jobWith({ failures: 3, losses: 2 }), lost, earlier)
  expect(third.move).toEqual({
    to: 'failed',
    lost: true,
    failure: {
      code: 'job.poison',
      message: '3 workers were lost while they ran it: w1, w2, w3. It went wrong.',
      hint: expect.stringContaining('Several workers were lost'),
    },
  })
})

test('an attempt that a living worker let go is no loss', () => {
  const { move } = decide(jobWith({ failures: 2, losses: 2 }), failure('worker.lost'), [lostOn('w1'), lostOn('w2')])
  expect(move).toMatchObject({ to: 'queued' })
  expect(move).not.toHaveProperty('lost')
})

test('a job that is being cancelled is not tried again', () => {
  const job = { ...jobWith(), cancelRequested: true }
  expect(decide(job, failure('trainer.crashed')).move).toEqual({ to: 'cancelled' })
})
