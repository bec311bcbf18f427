// stillhouse watch: follows a job to its end, whoever submitted it.
import { exitCodeForJob } from '@stillhouse/spec'
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { followJob } from '../follow-job.ts'
import { print, printJson } from '../print.ts'
import { jobDetails } from '../render/job-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'
import { exitCodesHelp, seconds } from './submit.ts'

interface WatchOptions extends GlobalOptions {
  readonly timeout?: number
}

export function addWatch(program: Command): void {
  withGlobalOptions(
    program
      .command('watch <id>')
      .description('follow a job to its end')
      .option('--timeout <seconds>', 'give up after this long', seconds),
  )
    .addHelpText('after', exitCodesHelp())
    .action(async (id: string, options: WatchOptions) => {
      const client = connect(options)
      const job = await followJob(client, id, {
        quiet: options.json === true,
        ...(options.timeout ? { timeoutSeconds: options.timeout } : {}),
      })
      if (options.json) printJson(job)
      else print(jobDetails(job))
      process.exitCode = exitCodeForJob(job)
    })
}
