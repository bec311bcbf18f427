// stillhouse audit: who changed what.
import { AUDIT_ACTIONS, type AuditAction } from '@stillhouse/spec'
import { type Command, Option } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { auditTable } from '../render/access-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface AuditOptions extends GlobalOptions {
  readonly team?: string
  readonly action?: AuditAction
  readonly target?: string
  readonly limit: string
}

export function addAudit(program: Command): void {
  withGlobalOptions(
    program
      .command('audit')
      .description('who changed what and when, newest first')
      .option('--team <name>', 'only what concerns this team')
      .addOption(new Option('--action <action>', 'only calls of this kind').choices(AUDIT_ACTIONS))
      .option('--target <id>', 'only changes of this job, model, data set, key or team')
      .option('--limit <count>', 'how many', '50'),
  ).action(async ({ team, action, target, limit, ...options }: AuditOptions) => {
    const page = await connect(options).listAudit({
      limit: Number(limit),
      ...(team === undefined ? {} : { team }),
      ...(action === undefined ? {} : { action }),
      ...(target === undefined ? {} : { target }),
    })
    if (options.json) printJson(page)
    else print(page.items.length === 0 ? 'nothing was changed' : auditTable(page.items))
  })
}
