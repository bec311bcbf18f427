// One of our processes as an operator starts it: `node apps/<app>/dist/main.js`, an environment, nothing else.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url))

export interface AppProcess {
  readonly name: string
  readonly pid: number
  /** What it printed so far. */
  output(): string
  /** Undefined while it runs; null when a signal ended it. */
  exitCode(): number | null | undefined
  signal(name: NodeJS.Signals): void
  /** Sends the signal and waits for the end; SIGKILL after 30 s. Returns the exit code (null after a signal). */
  end(name: NodeJS.Signals): Promise<number | null>
}

/** Starts a command in the checkout with exactly this environment (and PATH, HOME). */
export function startProcess(
  name: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): AppProcess {
  const [program = '', ...args] = command
  const child: ChildProcess = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: CHECKOUT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  child.stderr?.on('data', (chunk) => {
    text += chunk
  })
  if (child.pid === undefined) throw new Error(`${name} did not start: ${command.join(' ')}`)
  return {
    name,
    pid: child.pid,
    output: () => text,
    exitCode: () => (child.exitCode === null && child.signalCode === null ? undefined : child.exitCode),
    signal: (signal) => void child.kill(signal),
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
      await ended
      clearTimeout(timer)
      return child.exitCode
    },
  }
}

/** Starts an app's built entry. */
export function startApp(app: 'api' | 'worker', env: Readonly<Record<string, string>>): AppProcess {
  return startProcess(app, ['node', path.join('apps', app, 'dist/main.js')], env)
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

function processes(): Stat[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (fields[0] === 'Z') return []
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [{ pid: Number(entry), parent: Number(fields[1]), command }]
      } catch {
        return []
      }
    })
}

/** Trainers that this worker forked and that live. */
export function trainersOf(worker: AppProcess): number[] {
  return processes()
    .filter(({ parent, command }) => parent === worker.pid && command.includes('apps/trainer'))
    .map(({ pid }) => pid)
}

/** True while a process with this id runs. */
export function isAlive(pid: number): boolean {
  return processes().some((running) => running.pid === pid)
}

/** All processes below this one, however deep. */
export function childrenOf(pid: number): number[] {
  const all = processes()
  const below = (parent: number): number[] =>
    all.filter((child) => child.parent === parent).flatMap((child) => [child.pid, ...below(child.pid)])
  return below(pid)
}
