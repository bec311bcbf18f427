// stillhouse whoami: which key the commands are sent with.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { meLines } from '../render/access-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

export function addWhoami(program: Command): void {
  withGlobalOptions(
    program.command('whoami').description('show the key in use: its team, its scopes, when it expires'),
  ).action(async (options: GlobalOptions) => {
    const client = connect(options)
    const me = await client.getMe()
    if (options.json) printJson(me)
    else print(meLines(me, client.baseUrl))
  })
}
