// stillhouse retry: another attempt of a failed or cancelled job, from its last checkpoint.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

export function addRetry(program: Command): void {
  withGlobalOptions(
    program.command('retry <id>').description('run a failed or cancelled job again, from its last checkpoint'),
  ).action(async (id: string, options: GlobalOptions) => {
    const job = await connect(options).retryJob(id)
    if (options.json) printJson(job)
    else print(`${id} is ${job.state} again\nfollow it with: stillhouse watch ${id}`)
  })
}
