// stillhouse mends: what the service found to disagree and mended.
import { MEND_KINDS, type MendKind } from '@stillhouse/spec'
import { type Command, Option } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { mendTable } from '../render/mend-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface MendsOptions extends GlobalOptions {
  readonly kind?: MendKind
  readonly limit: string
}

export function addMends(program: Command): void {
  withGlobalOptions(
    program
      .command('mends')
      .description('what database, queue, workers and artifact store disagreed about and what was done, newest first')
      .addOption(new Option('--kind <kind>', 'only of this kind').choices(Object.keys(MEND_KINDS)))
      .option('--limit <count>', 'how many', '50'),
  ).action(async ({ kind, limit, ...options }: MendsOptions) => {
    const page = await connect(options).listMends({ limit: Number(limit), ...(kind === undefined ? {} : { kind }) })
    if (options.json) printJson(page)
    else print(page.items.length === 0 ? 'nothing had to be mended' : mendTable(page.items))
  })
}
