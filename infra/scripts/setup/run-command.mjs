// Runs another program: output goes to a log file and is kept for the error message, never onto the terminal, where
// it would break the progress line.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * @typedef {{code: number | null, signal: string | null, output: string}} CommandResult `output` is stdout and stderr
 *   together; code is null when a signal ended it, 127 when the program could not be started
 */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: Record<string, string | undefined>, log?: string}} [options]
 * @returns {Promise<CommandResult>} never rejects because of the program itself
 */
export function runCommand(command, args, { cwd, env, log } = {}) {
  return new Promise((resolve) => {
    const file = log ? openLog(log, [command, ...args]) : undefined
    /** @type {Buffer[]} */
    const chunks = []
    const child = startChild(command, args, {
      ...(cwd ? { cwd } : {}),
      env: env ?? process.env,
    })
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      chunks.push(chunk)
      file?.write(chunk)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    /** @param {{code: number | null, signal: string | null}} end */
    const done = (end) => {
      file?.end()
      resolve({ ...end, output: Buffer.concat(chunks).toString('utf8') })
    }
    child.on('error', (error) => {
      keep(Buffer.from(`${error.message}\n`))
      done({ code: 127, signal: null })
    })
    child.on('close', (code, signal) => done({ code, signal }))
  })
}

/**
 * A set-up that is stopped takes what it started with it.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env: Record<string, string | undefined>}} options
 */
function startChild(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => child.kill()
  process.on('exit', stop)
  child.on('close', () => process.off('exit', stop))
  return child
}

/**
 * @param {string} path
 * @param {string[]} commandLine
 */
function openLog(path, commandLine) {
  mkdirSync(dirname(path), { recursive: true })
  const file = createWriteStream(path)
  // A log that cannot be written (disk full) must not hide the result of the command.
  file.on('error', () => {})
  file.write(`$ ${commandLine.join(' ')}\n`)
  return file
}

/**
 * @param {string} output
 * @param {number} count
 * @returns {string[]} the last lines that are not empty
 */
export function lastLines(output, count) {
  return output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-count)
}
