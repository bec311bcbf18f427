// Options of commands that act on many jobs.
import { JOB_STATES, type JobState } from '@stillhouse/spec'
import { type Command, Option } from 'commander'
import { changeMany, type Wish } from '../change-many.ts'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { changeLines } from '../render/change-lines.ts'
import { collect } from './collect.ts'
import type { GlobalOptions } from './global-options.ts'

export interface ManyOptions extends GlobalOptions {
  readonly label: string[]
  readonly state?: JobState
  readonly team?: string
  readonly dryRun?: boolean
}

/** Adds --label, --state, --team and --dry-run. */
export function withManyOptions(command: Command): Command {
  return command
    .option('--label <key=value>', 'all jobs with this label; may be repeated, then all must hold', collect, [])
    .addOption(new Option('--state <state>', 'only those in this state').choices(JOB_STATES))
    .option('--team <name>', 'with a key of the cluster: whose jobs are meant (default: default)')
    .option('--dry-run', 'only say what would be changed')
}

export async function changeAndPrint(
  wish: Pick<Wish, 'action' | 'priority' | 'ids'>,
  { label, state, team, dryRun, ...options }: ManyOptions,
): Promise<void> {
  const asked = { ...wish, ...(dryRun && { dryRun }) }
  const rest = { labels: label, ...(state && { state }), ...(team !== undefined && { team }) }
  const answer = await changeMany(connect(options), { ...asked, ...rest })
  if (options.json) printJson(answer)
  else print(changeLines(answer, asked))
}

/** Whether one job is meant, by its id and nothing else. */
export function onlyId(ids: readonly string[], { label, state, team, dryRun }: ManyOptions): string | undefined {
  const plain = label.length === 0 && state === undefined && team === undefined && dryRun === undefined
  return plain && ids.length === 1 ? ids[0] : undefined
}
