// stillhouse team: the teams that share the machines, and what each may use.
import type { Team, TeamQuotas } from '@stillhouse/spec'
import { type Command, InvalidArgumentError } from 'commander'
import { CliError } from '../cli-error.ts'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { teamTable } from '../render/access-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

/** The parser of options has no null. */
type Limit = number | 'none'

type QuotaOptions = GlobalOptions & { readonly [quota in keyof TeamQuotas]?: Limit }

export function addTeam(program: Command): void {
  const team = program.command('team').description('teams and their quotas')

  withQuotas(team.command('add <name>').description('make a team')).action(
    async (name: string, options: QuotaOptions) =>
      show(await connect(options).createTeam({ name, quotas: quotasOf(options) }), options),
  )

  withQuotas(team.command('set <name>').description('change quotas of a team; those not given stay')).action(
    async (name: string, options: QuotaOptions) => {
      const quotas = quotasOf(options)
      if (Object.keys(quotas).length === 0)
        throw new CliError('nothing to change; give --max-running, --max-queued or --max-artifact-bytes')
      show(await connect(options).updateTeam(name, { quotas }), options)
    },
  )

  withGlobalOptions(team.command('ls').description('list the teams, with what each uses of its quotas')).action(
    async (options: GlobalOptions) => {
      const items = await connect(options).listTeams()
      if (options.json) printJson({ items })
      else print(teamTable(items))
    },
  )
}

function show(team: Team, { json }: GlobalOptions): void {
  if (json) printJson(team)
  else print(teamTable([team]))
}

function withQuotas(command: Command): Command {
  return withGlobalOptions(
    command
      .option('--max-running <jobs>', 'jobs at a time, or none for no limit', limit)
      .option('--max-queued <jobs>', 'jobs that wait, or none', limit)
      .option('--max-artifact-bytes <bytes>', 'bytes of the artifacts of all its jobs, or none', limit),
  )
}

function limit(text: string): Limit {
  if (text === 'none') return text
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Expected a whole number, or none.')
  return value
}

const QUOTAS = ['maxRunning', 'maxQueued', 'maxArtifactBytes'] as const

/** Those that were given. */
function quotasOf(options: QuotaOptions): Partial<TeamQuotas> {
  const given = QUOTAS.flatMap((quota) => {
    const value = options[quota]
    return value === undefined ? [] : [[quota, value === 'none' ? null : value] as const]
  })
  return Object.fromEntries(given)
}
