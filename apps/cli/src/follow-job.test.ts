import type { Client } from '@stillhouse/client'
import type { Job, JobEvent, JobState } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { followJob } from './follow-job.ts'

const state = (seq: number, value: JobState): JobEvent => ({
  seq,
  at: '',
  type: 'state',
  data: { state: value, attempt: 1 },
})

/** A service whose job has the given events and, after the last of them, the given state. */
function service(events: readonly JobEvent[], states: readonly JobState[], hang = false): Client {
  let asked = 0
  return {
    getJob: async () =>
      ({ id: 'j', state: states[Math.min(asked++, states.length - 1)], queue: null }) as unknown as Job,
    async *watchEvents(_id: string, { signal }: { signal: AbortSignal }) {
      yield* events
      if (hang) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    },
  } as unknown as Client
}

describe('followJob', () => {
  it('returns the job when its last state is final', async () => {
    const job = await followJob(service([state(1, 'queued'), state(2, 'succeeded')], ['succeeded']), 'j', {
      quiet: true,
    })
    expect(job.state).toBe('succeeded')
  })

  it('does not take the end before a retry for the end', async () => {
    const events = [state(1, 'queued'), state(2, 'failed'), state(3, 'queued'), state(4, 'succeeded')]
    const job = await followJob(service(events, ['running', 'succeeded']), 'j', { quiet: true })
    expect(job.state).toBe('succeeded')
  })

  it('gives up with exit code 5 when the time is over, and says the job goes on', async () => {
    const following = followJob(service([state(1, 'queued')], ['queued'], true), 'j', {
      quiet: true,
      timeoutSeconds: 0.05,
    })
    await expect(following).rejects.toMatchObject({ exitCode: 5, message: expect.stringContaining('it goes on') })
  })
})
