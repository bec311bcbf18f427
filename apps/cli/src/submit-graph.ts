// A file of several jobs that name each other, sent whole.
import type { Client } from '@stillhouse/client'
import { parse } from 'yaml'
import { exitCodeForJobs, followJobs } from './follow-jobs.ts'
import { print, printJson } from './print.ts'
import type { JobText } from './read-job-file.ts'
import { jobTable } from './render/job-lines.ts'

/** Whether the text holds several jobs; what cannot be read is left to the service, which names line and column. */
export function holdsGraph({ body }: JobText): boolean {
  try {
    const content: unknown = parse(body, { maxAliasCount: 100 })
    return typeof content === 'object' && content !== null && 'jobs' in content && !('data' in content)
  } catch {
    return false
  }
}

export interface GraphOptions {
  readonly wait?: boolean
  readonly timeout?: number
  readonly json?: boolean
}

export async function submitGraph(
  client: Client,
  text: JobText,
  { how, wait, timeout, json }: GraphOptions & { how: { idempotencyKey?: string; team?: string } },
): Promise<void> {
  const sent = (await client.submitJobGraph(text, how)).jobs
  const ids = Object.values(sent).map(({ id }) => id)
  if (!wait) {
    if (json) return printJson(sent)
    print(`${jobTable(Object.values(sent))}\nfollow them with: stillhouse watch ${ids.join(' ')}`)
    return
  }
  const quiet = json === true
  const finished = await followJobs(client, ids, { quiet, ...(timeout ? { timeoutSeconds: timeout } : {}) })
  if (json) printJson(Object.fromEntries(Object.keys(sent).map((name, i) => [name, finished[i]])))
  else print(jobTable(finished))
  process.exitCode = exitCodeForJobs(finished)
}
