// stillhouse priority: lets jobs that wait or run come sooner or later.
import { type Command, InvalidArgumentError } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { withGlobalOptions } from './global-options.ts'
import { changeAndPrint, type ManyOptions, onlyId, withManyOptions } from './many-options.ts'

function priorityOf(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= 100) return value
  throw new InvalidArgumentError('Expected a whole number from 0 to 100.')
}

export function addPriority(program: Command): void {
  const command = program
    .command('priority')
    .argument('<number>', '0 to 100, higher runs first', priorityOf)
    .argument('[id...]')
    .description('change the priority of jobs that wait or run')
  withGlobalOptions(withManyOptions(command)).action(async (priority: number, ids: string[], options: ManyOptions) => {
    const id = onlyId(ids, options)
    if (id === undefined) return changeAndPrint({ action: 'set-priority', priority, ids }, options)
    const job = await connect(options).changeJob(id, { priority })
    if (options.json) printJson(job)
    else print(`${id} has the priority ${job.priority}`)
  })
}
