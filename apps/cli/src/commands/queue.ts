// stillhouse queue: whose turn it is, and why each job waits.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { queueLines } from '../render/queue-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface QueueOptions extends GlobalOptions {
  readonly team?: string
  readonly limit: string
}

export function addQueue(program: Command): void {
  withGlobalOptions(
    program
      .command('queue')
      .description('the whole queue: shares of the teams, and who is next and why')
      .option('--team <name>', 'only the jobs of this team')
      .option('--limit <count>', 'how many jobs', '20'),
  ).action(async ({ team, limit, ...options }: QueueOptions) => {
    const query = { limit: Number(limit), ...(team === undefined ? {} : { team }) }
    const queue = await connect(options).getQueue(query)
    if (options.json) printJson(queue)
    else print(queueLines(queue))
  })
}
