// The suite's job processes: what survived a job does the next, and one more is always getting ready.
import { type Attempt, type JobChild, type Outcome, startJobChild } from './job-child.ts'

export interface JobChildren {
  /** Runs the attempt in a process that is ready, or nearly so. */
  run(attempt: Attempt): Promise<Outcome>
  stop(): Promise<void>
}

export function createJobChildren(): JobChildren {
  const idle: JobChild[] = [startJobChild()]
  const busy = new Set<JobChild>()
  return {
    run: async (attempt) => {
      const child = idle.shift() ?? startJobChild()
      if (idle.length === 0) idle.push(startJobChild())
      busy.add(child)
      const outcome = await child.run(attempt)
      busy.delete(child)
      if (!outcome.killed) idle.unshift(child)
      return outcome
    },
    stop: async () => {
      await Promise.all([...idle, ...busy].map((child) => child.stop()))
    },
  }
}
