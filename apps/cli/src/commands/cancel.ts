// stillhouse cancel: stops a job; a running one keeps its last checkpoint.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

export function addCancel(program: Command): void {
  withGlobalOptions(program.command('cancel <id>').description('cancel a job; its last checkpoint is kept')).action(
    async (id: string, options: GlobalOptions) => {
      const job = await connect(options).cancelJob(id)
      if (options.json) printJson(job)
      else print(job.state === 'cancelled' ? `${id} is cancelled` : `${id} is asked to stop after its current step`)
    },
  )
}
