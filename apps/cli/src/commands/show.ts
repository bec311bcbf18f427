// stillhouse show: one job, with its place in the queue, its failure or its result.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { jobDetails } from '../render/job-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

export function addShow(program: Command): void {
  withGlobalOptions(program.command('show <id>').description('show one job')).action(
    async (id: string, options: GlobalOptions) => {
      const job = await connect(options).getJob(id)
      if (options.json) printJson(job)
      else print(jobDetails(job))
    },
  )
}
