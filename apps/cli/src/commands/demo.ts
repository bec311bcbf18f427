// stillhouse demo: the whole path once, on real MNIST – start the stack, submit over HTTP, follow, compare, keep.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@stillhouse/client'
import { type Artifact, exitCodeForJob, type Job, type JobEvent } from '@stillhouse/spec'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { connect } from '../connect.ts'
import { followJob } from '../follow-job.ts'
import { print, printError, printJson } from '../print.ts'
import { readJobFile } from '../read-job-file.ts'
import { bytes, duration } from '../render/format.ts'
import { resultTable } from '../render/result-table.ts'
import { saveArtifact } from '../save-artifact.ts'
import { runningStack, startStack } from '../stack/start-stack.ts'
import { type StateFolder, stateFolder } from '../stack/state-folder.ts'
import { collect } from './collect.ts'

interface DemoOptions {
  readonly job: string
  readonly set: string[]
  readonly json?: boolean
}

interface KeptArtifact extends Pick<Artifact, 'path' | 'sha256' | 'size'> {
  readonly file: string
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('train a small model from a big one on real MNIST, here and now')
    .option(
      '--job <file>',
      'another job file',
      fileURLToPath(new URL('../../../../examples/mnist-kd.yaml', import.meta.url)),
    )
    .option('--set <path=value>', 'change a field of the job; may be repeated', collect, [])
    .option('--json', 'print the report as JSON')
    .action(async (options: DemoOptions) => {
      const folder = stateFolder()
      const say = options.json ? printError : print
      const stack = await useStack(folder, say)
      try {
        const client = connect({ url: stack.url, apiKey: stack.apiKey })
        process.exitCode = await runDemo(client, folder, options)
      } finally {
        await stack.stop()
      }
    })
}

/** The stack that already runs here, or one of our own for as long as the demo takes. */
async function useStack(
  folder: StateFolder,
  say: (line: string) => void,
): Promise<{ url: string; apiKey: string; stop: () => Promise<void> }> {
  const running = await runningStack(folder)
  if (running === undefined) return startStack({ folder, port: 7070, slots: 1, onProgress: (line) => say(`✓ ${line}`) })
  say(`✓ using the stack that runs at ${running.url}`)
  return { url: running.url, apiKey: running.apiKey, stop: async () => undefined }
}

async function runDemo(client: Client, folder: StateFolder, options: DemoOptions): Promise<number> {
  const { job: submitted } = await client.submitJob(readJobFile(options.job, options.set))
  if (!options.json) print(`✓ submitted ${path.relative('.', options.job)} as job ${submitted.id}\n`)
  const job = await followJob(client, submitted.id)
  if (job.state !== 'succeeded') {
    throw new CliError(
      `the job ${job.state}: ${job.failure?.message ?? ''}\n${job.failure?.hint ?? ''}\nlogs: ${folder.logs}`,
      exitCodeForJob(job),
    )
  }
  const kept = await keepArtifacts(client, job, path.join(folder.root, 'demo'))
  const report = await demoReport(client, job, kept)
  const file = path.join(folder.root, 'demo', 'report.json')
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  if (options.json) printJson(report)
  else print(summary({ job, kept, report, file }))
  return exitCodeForJob(job)
}

async function keepArtifacts(client: Client, job: Job, folder: string): Promise<KeptArtifact[]> {
  mkdirSync(folder, { recursive: true })
  const kept: KeptArtifact[] = []
  for (const artifact of await client.listArtifacts(job.id)) {
    if (artifact.kind !== 'export' && artifact.kind !== 'report') continue
    const file = path.join(folder, artifact.path)
    await saveArtifact(client, job.id, { artifact, file })
    kept.push({ path: artifact.path, sha256: artifact.sha256, size: artifact.size, file })
  }
  return kept
}

interface DemoReport {
  readonly job: Job
  readonly metrics: Readonly<Record<string, number>>
  readonly artifacts: readonly KeptArtifact[]
  /** Seconds from submit. */
  readonly seconds: { readonly toFirstStep: number | null; readonly toEnd: number }
}

async function demoReport(client: Client, job: Job, artifacts: readonly KeptArtifact[]): Promise<DemoReport> {
  const since = (at: string): number => (new Date(at).getTime() - new Date(job.createdAt).getTime()) / 1000
  let first: JobEvent | undefined
  for await (const event of client.watchEvents(job.id, { signal: AbortSignal.timeout(30_000) })) {
    if (event.type === 'progress' && event.data.progress.step > 0) first ??= event
    if (first !== undefined) break
  }
  return {
    job,
    metrics: job.result?.metrics ?? {},
    artifacts,
    seconds: {
      toFirstStep: first === undefined ? null : since(first.at),
      toEnd: since(job.finishedAt ?? job.createdAt),
    },
  }
}

interface Summary {
  readonly job: Job
  readonly kept: readonly KeptArtifact[]
  readonly report: DemoReport
  readonly file: string
}

function summary({ job, kept, report, file }: Summary): string {
  const files = kept.map(
    (artifact) => `  ${path.relative('.', artifact.file)}  ${bytes(artifact.size)}\n    sha256 ${artifact.sha256}`,
  )
  const { toFirstStep, toEnd } = report.seconds
  const first = toFirstStep === null ? '' : `, first training step after ${toFirstStep.toFixed(1)} s`
  return [
    '',
    resultTable(job),
    '',
    'artifacts:',
    ...files,
    '',
    `${duration(toEnd)} from submit to verdict${first}`,
    `the same numbers: ${path.relative('.', file)}`,
  ].join('\n')
}
