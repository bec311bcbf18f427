// stillhouse ls: jobs, newest first.
import { JOB_STATES, type JobState } from '@stillhouse/spec'
import { type Command, Option } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { jobTable } from '../render/job-lines.ts'
import { collect } from './collect.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface ListOptions extends GlobalOptions {
  readonly state?: JobState
  readonly label: string[]
  readonly team?: string
  readonly limit: string
}

export function addLs(program: Command): void {
  withGlobalOptions(
    program
      .command('ls')
      .description('list jobs, newest first')
      .addOption(new Option('--state <state>', 'only jobs in this state').choices(JOB_STATES))
      .option('--label <key=value>', 'only jobs with this label; may be repeated', collect, [])
      .option('--team <name>', 'only jobs of this team')
      .option('--limit <count>', 'how many', '20'),
  ).action(async (options: ListOptions) => {
    const client = connect(options)
    const filter = {
      labels: options.label,
      limit: Number(options.limit),
      ...(options.state ? { state: options.state } : {}),
      ...(options.team === undefined ? {} : { team: options.team }),
    }
    const page = await client.listJobs(filter)
    if (options.json) return printJson(page)
    if (page.items.length === 0) return print('no jobs')
    // whose a job is, is news only to whoever sees those of several teams
    const { team } = await client.getMe()
    print(jobTable(page.items, { teams: team === null }))
  })
}
