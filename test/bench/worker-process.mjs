// A competitor as a process: started once, told over standard input what to run, answers in lines of JSON. So several can
// be kept ready and take turns. Everything else that they print goes to a log file.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'

/** Answers begin with this, since libraries print to standard output too. */
const MARK = '@bench '

/**
 * @typedef {{command: string, args: string[], env?: Record<string, string>}} Command
 * @typedef {Record<string, any>} Message
 * @typedef {{
 *   pid: number,
 *   next: () => Promise<Message>,
 *   ask: (message: Message) => Promise<Message>,
 *   stop: () => Promise<void>,
 * }} Worker `next` waits for a message that was not asked for
 */

/**
 * @param {string} name for errors
 * @param {Command} command
 * @param {string} log file for what it prints besides its answers
 * @returns {Worker}
 */
export function startWorker(name, { command, args, env }, log) {
  mkdirSync(dirname(log), { recursive: true })
  const file = createWriteStream(log)
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  child.stderr.pipe(file, { end: false })
  // Writing to a worker that has just died fails; its end is reported below.
  child.stdin.on('error', () => {})

  /** @type {Message[]} */
  const arrived = []
  /** @type {{resolve: (message: Message) => void, reject: (error: Error) => void}[]} */
  const waiting = []
  /** @type {Error | null} */
  let ended = null
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    if (!line.startsWith(MARK)) return void file.write(`${line}\n`)
    const message = JSON.parse(line.slice(MARK.length))
    const first = waiting.shift()
    if (first) first.resolve(message)
    else arrived.push(message)
  })
  const closed = new Promise((resolve) => {
    /** @param {string} how */
    const end = (how) => {
      process.off('exit', kill)
      file.end(() => {
        ended = new Error(`${name} ended (${how}). ${lastLines(log)}`)
        for (const { reject } of waiting.splice(0)) reject(ended)
        resolve(undefined)
      })
    }
    child.on('error', (error) => end(error.message))
    child.on('close', (code, signal) => end(`exit ${code ?? signal}`))
  })

  const next = () =>
    new Promise((/** @type {(message: Message) => void} */ resolve, reject) => {
      const message = arrived.shift()
      if (message) resolve(message)
      else if (ended) reject(ended)
      else waiting.push({ resolve, reject })
    })
  return {
    pid: child.pid ?? 0,
    next,
    ask: (message) => {
      child.stdin.write(`${JSON.stringify(message)}\n`)
      return next()
    },
    stop: async () => {
      child.stdin.end()
      const late = setTimeout(kill, 10_000)
      await closed
      clearTimeout(late)
    },
  }
}

/** @param {string} log */
function lastLines(log) {
  const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-8)
  return `Its last lines:\n${lines.join('\n')}\nAll of them: ${log}`
}
