// stillhouse webhook: where a team hears of its jobs – added, listed, deleted; what was told, and telling it again.
import { type NewWebhook, TOLD_STATES } from '@stillhouse/spec'
import { type Command, Option } from 'commander'
import { connect } from '../connect.ts'
import { labelsOf } from '../labels-of.ts'
import { print, printError, printJson } from '../print.ts'
import { deliveryTable, webhookTable } from '../render/webhook-lines.ts'
import { collect } from './collect.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface AddOptions extends GlobalOptions {
  readonly on?: NonNullable<NewWebhook['states']>
  readonly label: string[]
  readonly team?: string
}

interface ListOptions extends GlobalOptions {
  readonly team?: string
  readonly limit: string
}

export function addWebhook(program: Command): void {
  const webhook = program.command('webhook').description('hear of jobs: each change of state is POSTed, signed')

  withGlobalOptions(
    webhook
      .command('add <url>')
      .description('add a webhook and print the secret that its messages are signed with, this once')
      .addOption(new Option('--on <states...>', 'what to tell (default: that a job has ended)').choices(TOLD_STATES))
      .option('--label <key=value>', 'only jobs with this label; may be repeated, then all must hold', collect, [])
      .option('--team <name>', 'whose jobs (default: those of the team of the key)'),
  ).action(async (url: string, { on, label, team, ...options }: AddOptions) => {
    const wanted = { url, labels: labelsOf(label), ...(on && { states: on }) }
    const issued = await connect(options).createWebhook(wanted, team === undefined ? {} : { team })
    if (options.json) return printJson(issued)
    printError(webhookTable([issued.webhook]))
    printError('the secret is shown this once:')
    print(issued.secret)
  })

  withGlobalOptions(
    webhook
      .command('ls')
      .description('list webhooks, newest first')
      .option('--team <name>', 'only those of this team')
      .option('--limit <count>', 'how many', '50'),
  ).action(async ({ team, limit, ...options }: ListOptions) => {
    const page = await connect(options).listWebhooks({ limit: Number(limit), ...(team === undefined ? {} : { team }) })
    if (options.json) printJson(page)
    else print(page.items.length === 0 ? 'no webhooks' : webhookTable(page.items))
  })

  withGlobalOptions(webhook.command('rm <id>').description('delete a webhook')).action(
    async (id: string, options: GlobalOptions) => {
      await connect(options).deleteWebhook(id)
      if (options.json) printJson({ id, deleted: true })
      else print(`${id} is deleted`)
    },
  )

  withGlobalOptions(
    webhook
      .command('log <id>')
      .description('what a webhook was told, newest first')
      .option('--limit <count>', 'how many', '50'),
  ).action(async (id: string, { limit, ...options }: ListOptions) => {
    const page = await connect(options).listDeliveries(id, { limit: Number(limit) })
    if (options.json) printJson(page)
    else print(page.items.length === 0 ? 'nothing was told yet' : deliveryTable(page.items))
  })

  withGlobalOptions(webhook.command('replay <id> <delivery>').description('tell a webhook something again')).action(
    async (id: string, delivery: string, options: GlobalOptions) => {
      const replayed = await connect(options).replayDelivery(id, Number(delivery))
      if (options.json) printJson(replayed)
      else print(`delivery ${replayed.id} is on its way again`)
    },
  )
}
