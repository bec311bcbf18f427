// Follows several jobs to their ends, one after the other; they run beside each other all the same.
import type { Client } from '@stillhouse/client'
import { EXIT_CODES, exitCodeForJob, type Job } from '@stillhouse/spec'
import { type FollowOptions, followJob } from './follow-job.ts'

/**
 * @param timeoutSeconds for all of them together
 * @throws CliError with exit code 5 when the time is over
 */
export async function followJobs(
  client: Client,
  ids: readonly string[],
  { timeoutSeconds, ...options }: FollowOptions,
): Promise<Job[]> {
  const deadline = timeoutSeconds === undefined ? undefined : Date.now() + timeoutSeconds * 1000
  const finished: Job[] = []
  for (const id of ids) {
    const left =
      deadline === undefined ? {} : { timeoutSeconds: Math.max(1, Math.round((deadline - Date.now()) / 1000)) }
    finished.push(await followJob(client, id, { ...options, ...left }))
  }
  return finished
}

/** That of the first job that did not pass. */
export function exitCodeForJobs(jobs: readonly Job[]): number {
  return jobs.map(exitCodeForJob).find((code) => code !== EXIT_CODES.passed) ?? EXIT_CODES.passed
}
