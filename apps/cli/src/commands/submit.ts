// stillhouse submit: sends a job, or several in one file; with --wait it stays until the end and tells the verdict by its exit code.
import { EXIT_CODES, exitCodeForJob } from '@stillhouse/spec'
import { type Command, InvalidArgumentError } from 'commander'
import { connect } from '../connect.ts'
import { followJob } from '../follow-job.ts'
import { print, printJson } from '../print.ts'
import { readJobFile } from '../read-job-file.ts'
import { jobDetails } from '../render/job-lines.ts'
import { holdsGraph, submitGraph } from '../submit-graph.ts'
import { collect } from './collect.ts'
import type { GlobalOptions } from './global-options.ts'
import { withGlobalOptions } from './global-options.ts'

interface SubmitOptions extends GlobalOptions {
  readonly wait?: boolean
  readonly set: string[]
  readonly timeout?: number
  readonly idempotencyKey?: string
  readonly team?: string
}

export function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number of seconds above zero.')
  return value
}

export function addSubmit(program: Command): void {
  withGlobalOptions(
    program
      .command('submit <file>')
      .description('send a job, or several that name each other under `jobs:` (YAML or JSON file, - for stdin)')
      .option(
        '--wait',
        'follow the job to its end and exit with its verdict; of several: with that of the first that did not pass',
      )
      .option('--set <path=value>', 'change a field of the file; may be repeated', collect, [])
      .option('--timeout <seconds>', 'with --wait: give up waiting after this long (the job goes on)', seconds)
      .option('--idempotency-key <key>', 'send the same key again and get the same job, not a second one')
      .option('--team <name>', 'with a key of the cluster: whose job it is to be (default: default)'),
  )
    .addHelpText('after', exitCodesHelp())
    .action(async (file: string, options: SubmitOptions) => {
      const client = connect(options)
      const { idempotencyKey, team } = options
      const how = { ...(idempotencyKey !== undefined && { idempotencyKey }), ...(team !== undefined && { team }) }
      const text = readJobFile(file, options.set)
      if (holdsGraph(text)) return submitGraph(client, text, { ...options, how })
      const { job } = await client.submitJob(text, how)
      if (!options.wait) {
        if (options.json) printJson(job)
        else print(`${job.id}  ${job.name}  ${job.state}\nfollow it with: stillhouse watch ${job.id}`)
        return
      }
      const finished = await followJob(client, job.id, {
        quiet: options.json === true,
        ...(options.timeout ? { timeoutSeconds: options.timeout } : {}),
      })
      if (options.json) printJson(finished)
      else print(jobDetails(finished))
      process.exitCode = exitCodeForJob(finished)
    })
}

export function exitCodesHelp(): string {
  const meanings: Record<keyof typeof EXIT_CODES, string> = {
    passed: 'succeeded, every gate met',
    usage: 'wrong use, or the service refused the request',
    gateFailed: 'succeeded, but a gate was missed',
    jobFailed: 'the job failed',
    cancelled: 'the job was cancelled',
    timedOut: 'not finished within --timeout',
    unreachable: 'the service cannot be reached',
  }
  const lines = Object.entries(EXIT_CODES).map(
    ([name, code]) => `  ${code}  ${meanings[name as keyof typeof EXIT_CODES]}`,
  )
  return `\nExit codes:\n${lines.join('\n')}`
}
