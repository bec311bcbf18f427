// stillhouse cancel: stops jobs; a running one keeps its last checkpoint.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { withGlobalOptions } from './global-options.ts'
import { changeAndPrint, type ManyOptions, onlyId, withManyOptions } from './many-options.ts'

export function addCancel(program: Command): void {
  const command = program.command('cancel [id...]').description('cancel jobs; their last checkpoints are kept')
  withGlobalOptions(withManyOptions(command)).action(async (ids: string[], options: ManyOptions) => {
    const id = onlyId(ids, options)
    if (id === undefined) return changeAndPrint({ action: 'cancel', ids }, options)
    const job = await connect(options).cancelJob(id)
    if (options.json) printJson(job)
    else print(job.state === 'cancelled' ? `${id} is cancelled` : `${id} is asked to stop after its current step`)
  })
}
