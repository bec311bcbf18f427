// stillhouse retry: another attempt of failed or cancelled jobs, from their last checkpoints.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { withGlobalOptions } from './global-options.ts'
import { changeAndPrint, type ManyOptions, onlyId, withManyOptions } from './many-options.ts'

export function addRetry(program: Command): void {
  const command = program
    .command('retry [id...]')
    .description('run failed or cancelled jobs again, from their last checkpoints')
  withGlobalOptions(withManyOptions(command)).action(async (ids: string[], options: ManyOptions) => {
    const id = onlyId(ids, options)
    if (id === undefined) return changeAndPrint({ action: 'retry', ids }, options)
    const job = await connect(options).retryJob(id)
    if (options.json) printJson(job)
    else print(`${id} is ${job.state} again\nfollow it with: stillhouse watch ${id}`)
  })
}
