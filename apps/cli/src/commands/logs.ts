// stillhouse logs: what the trainer said; --follow stays until the job is finished.
import type { LogLine } from '@stillhouse/spec'
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJsonLine } from '../print.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface LogOptions extends GlobalOptions {
  readonly follow?: boolean
}

function show(line: LogLine, json: boolean): void {
  if (json) printJsonLine(line)
  else print(`${line.at} [${line.attempt}] ${line.level.padEnd(5)} ${line.message}`)
}

export function addLogs(program: Command): void {
  withGlobalOptions(
    program.command('logs <id>').description("print a job's log").option('--follow', 'go on until the job is finished'),
  ).action(async (id: string, options: LogOptions) => {
    const client = connect(options)
    for (let after = 0, open = true; open; ) {
      const page = await client.listLogs(id, { after })
      for (const line of page.items) show(line, options.json === true)
      const more = page.lastSeq > after
      after = page.lastSeq
      open = more || (options.follow === true && !page.complete)
      if (!more && open) await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })
}
