// stillhouse drain, cordon, undrain: what is wanted of workers.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@stillhouse/client'
import { EXIT_CODES, type Worker, type WorkerMode } from '@stillhouse/spec'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { connect } from '../connect.ts'
import { findWorkers } from '../find-workers.ts'
import { print, printError, printJson } from '../print.ts'
import { changeLine, workerTable } from '../render/worker-lines.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'
import { seconds } from './submit.ts'

interface DrainOptions extends GlobalOptions {
  readonly wait?: boolean
  readonly timeout?: number
}

const POLL_MS = 1000

export function addChangeWorkers(program: Command): void {
  withGlobalOptions(
    program
      .command('drain <worker...>')
      .description('take workers out of service: their jobs go on elsewhere, from a checkpoint (names or ids)')
      .option('--wait', 'until they run nothing')
      .option('--timeout <seconds>', 'with --wait: give up waiting after this long (the drain goes on)', seconds),
  ).action(async (named: string[], options: DrainOptions) => {
    const client = connect(options)
    const changed = await change(client, named, 'draining')
    show(options.wait ? await idle(client, changed, options) : changed, options)
  })

  withGlobalOptions(
    program
      .command('cordon <worker...>')
      .description('give workers no new jobs; those that run go on to their end (names or ids)'),
  ).action(async (named: string[], options: GlobalOptions) =>
    show(await change(connect(options), named, 'cordoned'), options),
  )

  withGlobalOptions(
    program
      .command('undrain <worker...>')
      .alias('uncordon')
      .description('give workers jobs again after a drain or cordon (names or ids)'),
  ).action(async (named: string[], options: GlobalOptions) =>
    show(await change(connect(options), named, 'active'), options),
  )
}

async function change(client: Client, named: readonly string[], mode: WorkerMode): Promise<Worker[]> {
  const found = findWorkers(await client.listWorkers(), named)
  const changed: Worker[] = []
  for (const { id } of found) changed.push(await client.changeWorker(id, { mode }))
  return changed
}

/** @throws CliError with exit code 5 when the time is over */
async function idle(client: Client, drained: readonly Worker[], { timeout, json }: DrainOptions): Promise<Worker[]> {
  const until = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout * 1000
  const ids = new Set(drained.map(({ id }) => id))
  if (!json) for (const worker of drained) printError(changeLine(worker))
  for (;;) {
    const now = (await client.listWorkers()).filter(({ id }) => ids.has(id))
    const busy = now.filter((worker) => worker.busy > 0 && worker.state !== 'gone')
    if (busy.length === 0) return now
    if (performance.now() > until)
      throw new CliError(
        `${busy.map(({ name }) => name).join(', ')} still ran jobs after ${timeout} s; the drain goes on`,
        EXIT_CODES.timedOut,
      )
    await sleep(POLL_MS)
  }
}

function show(workers: readonly Worker[], { json, wait }: DrainOptions): void {
  if (json) printJson({ items: workers })
  else print(wait ? workerTable(workers) : workers.map(changeLine).join('\n'))
}
