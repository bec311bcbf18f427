// node_modules from package-lock.json. npm leaves its own account of what it installed in node_modules; comparing the
// two says whether `npm ci` is needed, also after a developer's own `npm install`.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { classifyFailure } from './classify-failure.mjs'
import { freeBytes, requireSpace } from './disk.mjs'
import { findExecutables } from './find-executable.mjs'
import { commandFailed, diskFull, networkFailed } from './problems.mjs'
import { lastLines, runCommand } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'

const ROOM = 1.3e9
const POLL_MS = 500

/** @typedef {Record<string, {version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean}>} LockedPackages */

/**
 * @param {{root: string, env: Record<string, string | undefined>, logs: string, view: import('./reporter.mjs').StepView}} context
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function installDependencies({ root, env, logs, view }) {
  const wanted = readPackages(join(root, 'package-lock.json'))
  const count = Object.keys(wanted).length
  const reason = whyStale(root, wanted)
  if (!reason) return { detail: `${count} packages in place` }
  requireSpace({ folder: root, needed: ROOM, what: 'node_modules' })
  view.say(`${reason}: running npm ci`)
  await npmCi({ root, env, logs, view, wanted })
  const still = whyStale(root, wanted)
  if (still)
    throw new SetupError(`npm ci ended well, but ${still}`, { fix: ['delete node_modules and run this again'] })
  return { detail: `${count} packages installed`, changed: true }
}

/**
 * @param {string} root
 * @param {LockedPackages} wanted
 * @returns {string} why node_modules does not match package-lock.json; '' when it does
 */
export function whyStale(root, wanted) {
  const account = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(account)) return 'node_modules is missing'
  const installed = readPackages(account)
  for (const [path, entry] of Object.entries(wanted)) {
    const have = installed[path]
    // Packages for other platforms are locked but not installed.
    if (!have && (entry.optional || entry.devOptional)) continue
    if (!have || !existsSync(join(root, path, 'package.json'))) return `${path} is missing`
    if (have.version !== entry.version || have.integrity !== entry.integrity)
      return `${path} is not the version of package-lock.json`
  }
  return ''
}

/**
 * @param {string} path a lock file
 * @returns {LockedPackages} what lies in node_modules, by path
 */
export function readPackages(path) {
  /** @type {{packages: LockedPackages}} */
  const lock = JSON.parse(readFileSync(path, 'utf8'))
  return Object.fromEntries(Object.entries(lock.packages).filter(([name]) => name.includes('node_modules/')))
}

/** @param {{root: string, env: Record<string, string | undefined>, logs: string, view: import('./reporter.mjs').StepView, wanted: LockedPackages}} context */
async function npmCi({ root, env, logs, view, wanted }) {
  const [command, args] = npmCommand(env)
  const log = join(logs, 'npm-ci.log')
  const required = Object.entries(wanted).filter(([, entry]) => !entry.optional && !entry.devOptional && !entry.link)
  const poll = setInterval(() => {
    const done = required.filter(([path]) => existsSync(join(root, path, 'package.json'))).length
    view.progress({ label: 'installing packages', done, total: required.length, unit: 'items' })
  }, POLL_MS)
  try {
    // Install scripts stay off: one of them would download a TensorFlow of 2022, another an engine nobody uses.
    const flags = [
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--no-progress',
    ]
    // The lock file says what every package is, so npm's cache can be trusted; and npm's own pauses add up to minutes
    // before it admits that there is no network.
    flags.push('--prefer-offline', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=10000')
    const result = await runCommand(command, [...args, 'ci', ...flags], { cwd: root, env, log })
    if (result.code !== 0) throw npmFailed({ root, output: result.output, log })
  } finally {
    clearInterval(poll)
  }
}

/**
 * @param {Record<string, string | undefined>} env
 * @returns {[string, string[]]}
 */
export function npmCommand(env) {
  const running = env['npm_execpath']
  if (running && basename(running) === 'npm-cli.js') return [process.execPath, [running]]
  const [npm] = findExecutables('npm', env)
  if (npm) return [npm, []]
  throw new SetupError('missing: npm', {
    why: 'npm installs the packages of package-lock.json',
    fix: [
      'npm comes with Node from its download page or a version manager; on Debian and Alpine it is a package of its own, "npm"',
    ],
  })
}

/** @param {{root: string, output: string, log: string}} failure */
function npmFailed({ root, output, log }) {
  const cause = classifyFailure(output)
  const detail = npmErrors(output)
  if (cause === 'disk') return diskFull({ folder: root, needed: ROOM, free: freeBytes(root), what: 'node_modules' })
  if (cause === 'network') return networkFailed({ what: 'npm ci installed the packages of package-lock.json', detail })
  return commandFailed({ what: 'npm ci', detail, log })
}

/**
 * @param {string} output
 * @returns {string[]} what npm complains of, without its help text and the pointers to its own log
 */
export function npmErrors(output) {
  const errors = output.split('\n').filter((line) => /^npm (error|ERR!) \S/.test(line))
  const help = errors.findIndex((line) => /Clean install a project/.test(line))
  const own = (help < 0 ? errors : errors.slice(0, help)).filter((line) => !/complete log|-debug-\d/.test(line))
  return own.length > 0 ? own.slice(0, 6) : lastLines(output, 6)
}
