// stillhouse reconcile: compares everything with everything now, to its end, however many calls that takes.
import type { Client } from '@stillhouse/client'
import type { Reconciliation } from '@stillhouse/spec'
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { addUp, reconciliationLines } from '../render/mend-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

export function addReconcile(program: Command): void {
  withGlobalOptions(
    program
      .command('reconcile')
      .description('look for what database, queue, workers and artifact store disagree about, and mend it')
      .option('--dry-run', 'only look'),
  ).action(async ({ dryRun = false, ...options }: GlobalOptions & { dryRun?: boolean }) => {
    const report = addUp(await toTheEnd(connect(options), dryRun))
    if (options.json) printJson(report)
    else print(reconciliationLines(report))
    if (report.failed.length > 0) process.exitCode = 1
  })
}

async function toTheEnd(client: Client, dryRun: boolean): Promise<Reconciliation[]> {
  const stretches = [await client.reconcile({ dryRun })]
  for (;;) {
    const cursor = stretches.at(-1)?.nextCursor
    if (!cursor) return stretches
    stretches.push(await client.reconcile({ dryRun, cursor }))
  }
}
