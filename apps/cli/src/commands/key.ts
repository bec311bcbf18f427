// stillhouse key: API keys – made, listed, given another secret, revoked. A secret is shown once.
import { type IssuedKey, SCOPES, type Scope } from '@stillhouse/spec'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { connect } from '../connect.ts'
import { print, printError, printJson } from '../print.ts'
import { keyTable } from '../render/access-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

const DAY_MS = 86_400_000

interface AddOptions extends GlobalOptions {
  readonly team?: string
  readonly cluster?: boolean
  readonly scope: Scope[]
  readonly expiresInDays?: number
}

export function addKey(program: Command): void {
  const key = program.command('key').description('API keys')

  withGlobalOptions(
    key
      .command('add <name>')
      .description('make a key and print its secret, this once')
      .addOption(
        new Option('--scope <scopes...>', 'what it may do').choices(SCOPES).default(['jobs:read', 'jobs:write']),
      )
      .option('--team <name>', 'whose key it is (default: the team of the calling key)')
      .addOption(new Option('--cluster', 'a key of the cluster, of no team').conflicts('team'))
      .option('--expires-in-days <days>', 'how long it is valid (default: for ever)', days),
  ).action(async (name: string, { team, cluster, scope, expiresInDays, ...options }: AddOptions) => {
    const expiresAt = expiresInDays === undefined ? null : new Date(Date.now() + expiresInDays * DAY_MS).toISOString()
    const whose = cluster ? { team: null } : team === undefined ? {} : { team }
    show(await connect(options).createKey({ name, scopes: scope, expiresAt, ...whose }), options)
  })

  withGlobalOptions(
    key
      .command('ls')
      .description('list keys, newest first')
      .option('--team <name>', 'only keys of this team')
      .option('--limit <count>', 'how many', '50'),
  ).action(async ({ team, limit, ...options }: GlobalOptions & { team?: string; limit: string }) => {
    const page = await connect(options).listKeys({ limit: Number(limit), ...(team === undefined ? {} : { team }) })
    if (options.json) printJson(page)
    else print(page.items.length === 0 ? 'no keys' : keyTable(page.items))
  })

  withGlobalOptions(
    key
      .command('rotate <id>')
      .description('give a key another secret and print it, this once')
      .option('--grace <seconds>', 'how long the secret before stays valid', '0'),
  ).action(async (id: string, { grace, ...options }: GlobalOptions & { grace: string }) =>
    show(await connect(options).rotateKey(id, { graceSeconds: Number(grace) }), options),
  )

  withGlobalOptions(key.command('revoke <id>').description('revoke a key: its next call is refused')).action(
    async (id: string, options: GlobalOptions) => {
      await connect(options).revokeKey(id)
      if (options.json) printJson({ id, revoked: true })
      else print(`${id} is revoked`)
    },
  )
}

/** The secret alone goes to stdout, so that it can be piped to where it is kept. */
function show(issued: IssuedKey, { json }: GlobalOptions): void {
  if (json) {
    printJson(issued)
    return
  }
  printError(keyTable([issued.key]))
  printError('the secret is shown this once:')
  print(issued.secret)
}

function days(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 36_500)) throw new InvalidArgumentError('Expected a number of days above zero.')
  return value
}
