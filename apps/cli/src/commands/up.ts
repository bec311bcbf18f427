// stillhouse up: the whole stack on this machine until Ctrl-C.
import { type Command, InvalidArgumentError } from 'commander'
import { print, printJson } from '../print.ts'
import { runningStack, startStack } from '../stack/start-stack.ts'
import { stateFolder } from '../stack/state-folder.ts'

interface UpOptions {
  readonly port: number
  readonly slots: number
  readonly json?: boolean
}

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number above zero.')
  return value
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description('start PostgreSQL, API and worker on this machine; Ctrl-C stops them')
    .option('--port <port>', 'port of the API', integer, 7070)
    .option('--slots <count>', 'jobs at a time', integer, 1)
    .option('--json', 'print JSON once it runs')
    .action(async ({ port, slots, json }: UpOptions) => {
      const folder = stateFolder()
      const running = await runningStack(folder)
      if (running !== undefined) {
        if (json) printJson({ url: running.url, state: folder.root })
        else print(`Stillhouse already runs at ${running.url} (process ${running.pid}, state in ${folder.root})`)
        return
      }
      const stack = await startStack({ folder, port, slots, onProgress: (line) => json || print(`✓ ${line}`) })
      if (json) printJson({ url: stack.url, logs: stack.logs, state: folder.root })
      else print(welcome(stack.url, folder.root))
      await untilStopped()
      if (!json) print('stopping: running jobs write a checkpoint and go on at the next start')
      await stack.stop()
    })
}

function welcome(url: string, state: string): string {
  return [
    '',
    `API reference   ${url}/docs`,
    `state and logs  ${state}`,
    'the API key is found by the stillhouse command; for curl: credentials.json in the state folder',
    '',
    'in another terminal: npx stillhouse submit examples/mnist-kd.yaml --wait',
  ].join('\n')
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
