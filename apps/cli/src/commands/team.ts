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

type QuotaOptions = GlobalOptions & { readonly [quota in keyof TeamQuotas]?: Limit } & { readonly weight?: number }

export function addTeam(program: Command): void {
  const team = program.command('team').description('teams and their quotas')

  withQuotas(team.command('add <name>').description('make a team')).action(
    async (name: string, options: QuotaOptions) =>
      show(await connect(options).createTeam({ name, ...weightOf(options), quotas: quotasOf(options) }), options),
  )

  withQuotas(
    team.command('set <name>').description('change the weight or quotas of a team; those not given stay'),
  ).action(async (name: string, options: QuotaOptions) => {
    const quotas = quotasOf(options)
    const change = { ...weightOf(options), ...(Object.keys(quotas).length > 0 && { quotas }) }
    if (Object.keys(change).length === 0)
      throw new CliError('nothing to change; give --weight or one of the --max-… options')
    show(await connect(options).updateTeam(name, change), options)
  })

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
      .option('--max-artifact-bytes <bytes>', 'bytes of the artifacts of all its jobs, or none', limit)
      .option('--max-gpus <gpus>', 'GPUs that its jobs hold at a time, or none', limit)
      .option('--max-gpu-hours <hours>', 'per calendar month (UTC), or none', limit)
      .option('--weight <weight>', 'its part of the machines is this over the sum of all teams that want some', weight),
  )
}

function limit(text: string): Limit {
  if (text === 'none') return text
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Expected a whole number, or none.')
  return value
}

function weight(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

function weightOf({ weight }: QuotaOptions): { weight?: number } {
  return weight === undefined ? {} : { weight }
}

const QUOTAS = ['maxRunning', 'maxQueued', 'maxArtifactBytes', 'maxGpus', 'maxGpuHours'] as const

/** Those that were given. */
function quotasOf(options: QuotaOptions): Partial<TeamQuotas> {
  const given = QUOTAS.flatMap((quota) => {
    const value = options[quota]
    return value === undefined ? [] : [[quota, value === 'none' ? null : value] as const]
  })
  return Object.fromEntries(given)
}
