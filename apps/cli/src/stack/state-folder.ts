// Where the local stack keeps its things: one folder per checkout or working directory, `.stillhouse` by default.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { databaseFolder } from './database-folder.ts'

export interface StateFolder {
  readonly root: string
  readonly postgres: string
  readonly artifacts: string
  readonly scratch: string
  readonly logs: string
  /** URL, key and process of the running stack; the CLI finds the service through it. */
  readonly credentials: string
}

/** The state folder: STILLHOUSE_HOME, else `.stillhouse` below the working directory. */
export function stateFolder(home: string | undefined = process.env['STILLHOUSE_HOME']): StateFolder {
  const root = path.resolve(home ?? '.stillhouse')
  const below = (name: string): string => path.join(root, name)
  return {
    root,
    postgres: databaseFolder(root),
    artifacts: below('artifacts'),
    scratch: below('scratch'),
    logs: below('logs'),
    credentials: below('credentials.json'),
  }
}

/** The built entry of one of our apps, started with plain node. */
export function appEntry(app: 'api' | 'worker' | 'trainer'): string {
  return fileURLToPath(new URL(`../../../${app}/dist/main.js`, import.meta.url))
}
