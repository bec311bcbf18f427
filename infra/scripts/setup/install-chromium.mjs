// A real browser for the tests: CHROMIUM_PATH, the machine's own, else the headless one that the npm package
// @sparticuz/chromium carries with the libraries it needs, so that neither root nor a download outside the package
// registry is wanted. The tests read its path from .stillhouse/tools.json.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { classifyFailure } from './classify-failure.mjs'
import { requireSpace } from './disk.mjs'
import { commandsFor, distributionFamily } from './distribution.mjs'
import { largestFile } from './download-wheel.mjs'
import { findExecutables } from './find-executable.mjs'
import { npmCommand } from './install-dependencies.mjs'
import { installFolder } from './install-folder.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { withLock } from './lock.mjs'
import { cacheName } from './paths.mjs'
import { CHROMIUM_PINS } from './pins.mjs'
import { checksumWrong, commandFailed, networkFailed, sizeWrong } from './problems.mjs'
import { lastLines, runCommand } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const OLDEST_CHROMIUM = 110
const POLL_MS = 250

/** What starts the unpacked one: the libraries that it needs lie beside it. */
const LAUNCHER = `#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib" exec "$here/headless" "$@"
`

/** @typedef {{path: string, version: string} | {install: string}} ChromiumPlan what is there, or the folder to install into */
/** @typedef {Record<string, string | undefined>} Env */

/**
 * @param {{platform: string, cache: string, env: Env}} context
 * @returns {Promise<ChromiumPlan>}
 */
export async function planChromium({ platform, cache, env }) {
  const named = env['CHROMIUM_PATH']
  const candidates = named ? findExecutables(named, env) : NAMES.flatMap((name) => findExecutables(name, env))
  for (const path of candidates) {
    const version = await chromiumVersion(path, env)
    if (version) return { path, version }
  }
  if (named) throw notChromium(named)
  const pin = CHROMIUM_PINS[platform]
  if (!pin) throw chromiumMissing(platform)
  const install = join(cache, 'chromium', cacheName({ version: pin.version, variant: platform, sha256: pin.sha256 }))
  const path = join(install, 'chromium')
  const version = await chromiumVersion(path, env)
  return version ? { path, version } : { install }
}

/**
 * @param {{plan: ChromiumPlan, platform: string, tools: string, env: Env, logs: string,
 *   view: import('./reporter.mjs').StepView}} context `tools` is the file that the tests read
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function installChromium({ plan, platform, tools, env, logs, view }) {
  if ('path' in plan) {
    const changed = readJson(tools)['chromium'] !== plan.path
    if (changed) updateJson(tools, { chromium: plan.path })
    return { detail: `${plan.version} (${plan.path})`, changed }
  }
  const { install } = plan
  const path = join(install, 'chromium')
  const onWait = (/** @type {string} */ owner) =>
    view.say(`waiting for another set-up (process ${owner}) that is installing it`)
  await withLock(`${install}.lock`, { onWait }, async () => {
    if (await chromiumVersion(path, env)) return
    rmSync(install, { recursive: true, force: true })
    await installFolder(install, (folder) => unpackChromium(folder, { platform, env, logs, view }))
  })
  const version = await chromiumVersion(path, env)
  if (!version) throw chromiumMissing(platform, (await runCommand(path, ['--version'], { env })).output)
  updateJson(tools, { chromium: path })
  return { detail: `${version} (${path})`, changed: true }
}

/**
 * @param {string} folder
 * @param {{platform: string, env: Env, logs: string, view: import('./reporter.mjs').StepView}} context
 */
async function unpackChromium(folder, { platform, env, logs, view }) {
  const pin = CHROMIUM_PINS[platform]
  if (!pin) throw chromiumMissing(platform)
  requireSpace({ folder: dirname(folder), needed: pin.unpackedBytes + 2 * pin.size, what: 'Chromium' })
  const temporary = join(folder, 'download')
  mkdirSync(temporary)
  const archive = await downloadPackage(pin, temporary, { env, logs, view })
  view.working('unpacking')
  await untar(archive, temporary, env)
  const packed = join(temporary, 'package/bin')
  await inflate(join(packed, 'chromium.br'), join(folder, 'headless'))
  for (const [name, target] of [
    ['al2023.tar', folder],
    ['swiftshader.tar', join(folder, 'lib')],
  ]) {
    await inflate(join(packed, `${name}.br`), join(temporary, `${name}`))
    await untar(join(temporary, `${name}`), `${target}`, env)
  }
  writeFileSync(join(folder, 'chromium'), LAUNCHER)
  for (const name of ['chromium', 'headless']) chmodSync(join(folder, name), 0o755)
  rmSync(temporary, { recursive: true })
}

/**
 * @param {import('./pins.mjs').NpmPin} pin
 * @param {string} folder
 * @param {{env: Env, logs: string, view: import('./reporter.mjs').StepView}} context
 * @returns {Promise<string>} path of the verified archive
 */
async function downloadPackage(pin, folder, { env, logs, view }) {
  const [command, args] = npmCommand(env)
  const log = join(logs, 'download-chromium.log')
  const spec = `${pin.project}@${pin.version}`
  // npm downloads into its cache first: one of our own, which is watched and then removed with the rest.
  const npm = { ...env, npm_config_cache: join(folder, 'cache'), npm_config_update_notifier: 'false' }
  const poll = setInterval(
    () => view.progress({ label: 'downloading', done: Math.min(pin.size, largestFile(folder)), total: pin.size }),
    POLL_MS,
  )
  try {
    const result = await runCommand(command, [...args, 'pack', spec, '--pack-destination', folder], {
      cwd: folder,
      env: npm,
      log,
    })
    const failure = { what: `downloading ${spec}`, detail: lastLines(result.output, 3) }
    if (result.code !== 0 && classifyFailure(result.output) === 'network') throw networkFailed(failure)
    if (result.code !== 0) throw commandFailed({ ...failure, log })
  } finally {
    clearInterval(poll)
  }
  return verified(pin, join(folder, pin.file))
}

/**
 * @param {import('./pins.mjs').NpmPin} pin
 * @param {string} path
 */
function verified({ file, size, sha256 }, path) {
  const found = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (found !== size) throw sizeWrong({ file, expected: size, received: found })
  const received = createHash('sha256').update(readFileSync(path)).digest('hex')
  if (received !== sha256) throw checksumWrong({ file, expected: sha256, received })
  return path
}

/** @param {string} from @param {string} to */
async function inflate(from, to) {
  await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to))
}

/** @param {string} archive @param {string} folder @param {Env} env */
async function untar(archive, folder, env) {
  mkdirSync(folder, { recursive: true })
  const { code, output } = await runCommand('tar', ['-xf', archive, '-C', folder], { env })
  if (code === 0) return
  throw new SetupError('tar could not unpack Chromium', { detail: lastLines(output, 3), fix: ['install tar and gzip'] })
}

/**
 * @param {string} path
 * @param {Env} env
 * @returns {Promise<string | undefined>} undefined when it does not run, is something else, or is too old
 */
async function chromiumVersion(path, env) {
  const { code, output } = await runCommand(path, ['--version'], { env })
  const version = code === 0 ? /(?:Chromium|Chrome)\D*(\d+\.[\d.]+)/.exec(output)?.[1] : undefined
  return version && Number.parseInt(version, 10) >= OLDEST_CHROMIUM ? version : undefined
}

/** @param {string} path */
function notChromium(path) {
  return new SetupError(`CHROMIUM_PATH=${path} is no Chromium ${OLDEST_CHROMIUM} or newer`, {
    why: `${path} --version did not answer with such a version`,
    fix: ['give the path of a chromium or google-chrome executable', 'or unset CHROMIUM_PATH: one is looked for then'],
  })
}

/** @param {string} platform @param {string} [output] */
function chromiumMissing(platform, output = '') {
  const commands = {
    debian: 'sudo apt-get install -y chromium',
    fedora: 'sudo dnf install -y chromium',
    alpine: 'apk add chromium',
    arch: 'sudo pacman -S chromium',
    suse: 'sudo zypper install chromium',
  }
  return new SetupError(`no Chromium for the tests on ${platform}`, {
    detail: lastLines(output, 3),
    why: 'exported models are opened in a real browser; none is on the PATH, and the one from the package registry does not run here',
    fix: [
      ...commandsFor(commands, distributionFamily()),
      'or name one: export CHROMIUM_PATH=/path/of/chrome',
      'then run the same command again',
    ],
  })
}
