// stillhouse validate: every fault of a job file at once, without queueing anything.
import { EXIT_CODES } from '@stillhouse/spec'
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { readJobFile } from '../read-job-file.ts'
import { faultLines } from '../render/fault-lines.ts'
import { holdsGraph } from '../submit-graph.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

export function addValidate(program: Command): void {
  withGlobalOptions(program.command('validate <file>').description('check a job file without submitting it')).action(
    async (file: string, options: GlobalOptions) => {
      const client = connect(options)
      const text = readJobFile(file, [])
      const several = holdsGraph(text)
      const result = await (several ? client.validateJobGraph(text) : client.validateJob(text))
      if (options.json) printJson(result)
      else
        print(result.valid ? `${file} ${several ? 'holds valid jobs' : 'is a valid job'}` : faultLines(result.faults))
      if (!result.valid) process.exitCode = EXIT_CODES.usage
    },
  )
}
