// The local key: made on first start, kept readable by its owner only, found by the CLI from any folder below.
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CliError } from '../cli-error.ts'
import { stateFolder } from './state-folder.ts'

export interface Credentials {
  readonly url: string
  readonly apiKey: string
  readonly workerToken: string
  readonly databasePassword: string
  /** Process that runs the stack. */
  readonly pid: number
}

function secret(prefix: string): string {
  return `${prefix}_${randomBytes(24).toString('base64url')}`
}

/**
 * Reads the credentials file, or undefined when there is none.
 * @throws CliError when it is damaged
 */
export function readCredentials(file: string): Credentials | undefined {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Credentials
  } catch (error) {
    throw new CliError(`${file} is damaged (${(error as Error).message}); remove it, the next start makes new keys`)
  }
}

/** Keys of an earlier start, or new ones. */
export function credentialsFor(file: string, url: string): Credentials {
  const earlier = readCredentials(file)
  return {
    apiKey: earlier?.apiKey ?? secret('sh'),
    workerToken: earlier?.workerToken ?? secret('shw'),
    databasePassword: earlier?.databasePassword ?? secret('db'),
    url,
    pid: process.pid,
  }
}

/** Writes the file with mode 0600, replacing an earlier one in one step. */
export function writeCredentials(file: string, credentials: Credentials): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 })
  chmodSync(temporary, 0o600)
  renameSync(temporary, file)
}

/** Looks for a credentials file in STILLHOUSE_HOME, then in `.stillhouse` here and in each folder above. */
export function findCredentials(from: string = process.cwd()): Credentials | undefined {
  if (process.env['STILLHOUSE_HOME'] !== undefined) return readCredentials(stateFolder().credentials)
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    const found = readCredentials(stateFolder(path.join(folder, '.stillhouse')).credentials)
    if (found !== undefined || folder === path.dirname(folder)) return found
  }
}
