// stillhouse workers: the machines, how full they are, and what runs on them.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { workerTable } from '../render/worker-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface WorkersOptions extends GlobalOptions {
  readonly all?: boolean
}

export function addWorkers(program: Command): void {
  withGlobalOptions(
    program
      .command('workers')
      .description('list the workers, with the jobs that they run')
      .option('--all', 'also those that are gone'),
  ).action(async (options: WorkersOptions) => {
    const workers = await connect(options).listWorkers()
    const items = options.all ? workers : workers.filter(({ state }) => state !== 'gone')
    if (options.json) printJson({ items })
    else print(items.length === 0 ? 'no worker is connected' : workerTable(items))
  })
}
