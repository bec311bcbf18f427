// One of our processes as an operator starts it: `node apps/<app>/dist/main.js`, an environment, nothing else.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url))

export interface AppProcess {
  readonly name: string
  readonly pid: number
  /** Resolves when it has ended, however it ended. */
  readonly ended: Promise<void>
  /** What it printed so far; nothing when that goes to a file. */
  output(): string
  /** Undefined while it runs; null when a signal ended it. */
  exitCode(): number | null | undefined
  signal(name: NodeJS.Signals): void
  /** Sends the signal and waits for the end; SIGKILL after 30 s. Returns the exit code (null after a signal). */
  end(name: NodeJS.Signals): Promise<number | null>
}

export interface StartOptions {
  /** A file that what it prints is added to. */
  readonly log?: string
}

/** Starts a command in the checkout with exactly this environment (and PATH, HOME). */
export function startProcess(
  name: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  { log }: StartOptions = {},
): AppProcess {
  const [program = '', ...args] = command
  const child: ChildProcess = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: CHECKOUT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = keepOutput(child, log)
  if (child.pid === undefined) throw new Error(`${name} did not start: ${command.join(' ')}`)
  const ended = once(child, 'exit').then(() => {})
  return {
    name,
    pid: child.pid,
    ended,
    output,
    exitCode: () => (child.exitCode === null && child.signalCode === null ? undefined : child.exitCode),
    signal: (signal) => void child.kill(signal),
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
      await ended
      clearTimeout(timer)
      return child.exitCode
    },
  }
}

function keepOutput({ stdout, stderr }: ChildProcess, log: string | undefined): () => string {
  let text = ''
  const file = log === undefined ? undefined : createWriteStream(log, { flags: 'a' })
  for (const stream of [stdout, stderr])
    stream?.on('data', (chunk) => {
      if (file) file.write(chunk)
      else text += chunk
    })
  return () => text
}

/** Starts an app's built entry. */
export function startApp(
  app: 'api' | 'worker',
  env: Readonly<Record<string, string>>,
  options?: StartOptions,
): AppProcess {
  return startProcess(app, ['node', path.join('apps', app, 'dist/main.js')], env, options)
}
