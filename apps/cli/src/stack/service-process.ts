// One child process of the local stack: its output goes to a log file, a crash restarts it, and it ends with us.
import { type ChildProcess, fork } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface ServiceOptions {
  readonly name: string
  readonly entry: string
  readonly env: Readonly<Record<string, string>>
  readonly logFolder: string
  /** Start again after a crash. */
  readonly restart: boolean
  readonly onCrash?: (message: string) => void
}

export interface ServiceProcess {
  readonly logFile: string
  /** Process id of the current child. */
  pid(): number | undefined
  /** Resolves with the first IPC message of the current child; rejects when it ends before. */
  firstMessage(): Promise<unknown>
  /** Rejects when the child ends before `settle` does. */
  orExit<T>(settle: Promise<T>): Promise<T>
  /** SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Variables every child needs; nothing else of our environment leaks into the stack. */
const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'TZ',
  'TMPDIR',
  'NODE_OPTIONS',
  'XDG_CACHE_HOME',
  'LOG_LEVEL',
  'LD_LIBRARY_PATH',
]

/** Families of settings that TensorFlow and CUDA read. */
const INHERITED_FAMILIES = /^(TF|NVIDIA|OMP|CUDA)_/

function childEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => INHERITED.includes(name) || INHERITED_FAMILIES.test(name),
  )
  return { ...(Object.fromEntries(inherited) as Record<string, string>), ...env }
}

/** Starts the process. */
export function startService(options: ServiceOptions): ServiceProcess {
  mkdirSync(options.logFolder, { recursive: true })
  const logFile = path.join(options.logFolder, `${options.name}.log`)
  const log = createWriteStream(logFile, { flags: 'a' })
  let stopping = false
  let crashes = 0
  let child = launch()

  function launch(): ChildProcess {
    // its own session: a Ctrl-C reaches only us, and we stop the stack in order
    const started = fork(options.entry, [], {
      env: childEnv(options.env),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    })
    started.stdout?.pipe(log, { end: false })
    started.stderr?.pipe(log, { end: false })
    started.on('exit', (code, signal) => onExit(code, signal))
    return started
  }

  function onExit(code: number | null, signal: string | null): void {
    if (stopping || !options.restart) return
    crashes += 1
    options.onCrash?.(`${options.name} ended with ${signal ?? `code ${code}`} and is started again; see ${logFile}`)
    setTimeout(
      () => {
        if (!stopping) child = launch()
      },
      Math.min(200 * 2 ** crashes, 10_000),
    )
  }

  const ended = (): Promise<never> =>
    new Promise((_, reject) => {
      child.once('exit', (code, signal) =>
        reject(new Error(`${options.name} ended with ${signal ?? `code ${code}`} while starting.\n${tail(logFile)}`)),
      )
    })

  return {
    logFile,
    pid: () => child.pid,
    firstMessage: () => Promise.race([new Promise((resolve) => child.once('message', resolve)), ended()]),
    orExit: (settle) => Promise.race([settle, ended()]),
    stop: async (graceMs) => {
      stopping = true
      await endChild(child, graceMs)
      log.end()
    },
  }
}

async function endChild(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await exited
  clearTimeout(timer)
}

function tail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15)
  return `Last lines of ${file}:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
