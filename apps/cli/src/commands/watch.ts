// stillhouse watch: follows jobs to their ends, whoever submitted them.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { exitCodeForJobs, followJobs } from '../follow-jobs.ts'
import { print, printJson } from '../print.ts'
import { jobDetails, jobTable } from '../render/job-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'
import { exitCodesHelp, seconds } from './submit.ts'

interface WatchOptions extends GlobalOptions {
  readonly timeout?: number
}

export function addWatch(program: Command): void {
  withGlobalOptions(
    program
      .command('watch <id...>')
      .description('follow jobs to their ends; the exit code is that of the first that did not pass')
      .option('--timeout <seconds>', 'give up after this long', seconds),
  )
    .addHelpText('after', exitCodesHelp())
    .action(async (ids: string[], options: WatchOptions) => {
      const jobs = await followJobs(connect(options), ids, {
        quiet: options.json === true,
        ...(options.timeout ? { timeoutSeconds: options.timeout } : {}),
      })
      const [job] = jobs
      if (options.json) printJson(jobs.length === 1 ? job : jobs)
      else print(job !== undefined && jobs.length === 1 ? jobDetails(job) : jobTable(jobs))
      process.exitCode = exitCodeForJobs(jobs)
    })
}
