// What the check of the chart needs and a machine seldom has: helm, built from its source by Go; the JSON Schemas of
// Kubernetes, from the Python package that carries them; KEDA's own schemas, from the source of KEDA. All pinned, and kept in
// the per-user cache.
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findExecutables } from '../setup/find-executable.mjs'
import { installFolder, isInstalled } from '../setup/install-folder.mjs'
import { withLock } from '../setup/lock.mjs'
import { cacheRoot } from '../setup/paths.mjs'
import { findPython } from '../setup/python.mjs'
import { lastLines, runCommand } from '../setup/run-command.mjs'
import { SetupError } from '../setup/setup-error.mjs'

const HELM = 'v3.22.0'
const KEDA = 'v2.21.0'
/** The oldest version that the chart says it runs on, and the newest that there are schemas of. */
export const KUBERNETES = ['1.29', '1.37']
const PYTHON_PACKAGES = [
  'attrs==26.1.0',
  'importlib_resources==7.1.0',
  'jsonschema==4.26.0',
  'jsonschema-specifications==2025.9.1',
  'kubernetes-validate==1.37.0',
  'packaging==26.3',
  'PyYAML==6.0.3',
  'referencing==0.37.0',
  'rpds-py==2026.9.1',
  'typing_extensions==4.16.0',
]
const SCHEMAS = 'kubernetes_validate/kubernetes-json-schema'
const CRDS = ['keda.sh_scaledobjects.yaml', 'keda.sh_triggerauthentications.yaml']

/**
 * @typedef {Record<string, string | undefined>} Env
 * @typedef {{helm: string, python: string, packages: string, crds: string}} ChartTools
 */

/**
 * @param {{env: Env, say: (line: string) => void}} options `say` is told of what takes long
 * @returns {Promise<ChartTools>}
 * @throws SetupError when something is missing that only the user can install
 */
export async function chartTools({ env, say }) {
  const folder = path.join(cacheRoot(env), 'chart')
  const python = await pythonPath(env)
  const install = (/** @type {string} */ name, /** @type {(folder: string) => Promise<void>} */ fill) =>
    installOnce(path.join(folder, name), { fill, say })
  const crds = await install(`keda-${KEDA}`, (target) => fetchCrds(target, env))
  const packages = await install('kubernetes-validate-1.37.0', (target) => installPackages(target, { python, env }))
  const helm = env['HELM'] ?? path.join(await install(`helm-${HELM}`, (target) => buildHelm(target, env)), 'helm')
  return { helm, python, packages, crds }
}

/** @param {Env} env */
async function pythonPath(env) {
  const found = await findPython({ env, pip: true })
  if ('path' in found) return found.path
  throw new SetupError('the check of the chart needs Python with pip', { fix: ['install python3 and python3-pip'] })
}

/**
 * @param {string} folder
 * @param {{fill: (folder: string) => Promise<void>, say: (line: string) => void}} how
 */
async function installOnce(folder, { fill, say }) {
  if (isInstalled(folder)) return folder
  mkdirSync(path.dirname(folder), { recursive: true })
  await withLock(`${folder}.lock`, { onWait: (owner) => say(`waiting for process ${owner}`) }, async () => {
    if (isInstalled(folder)) return
    say(`fetching ${path.basename(folder)}`)
    await installFolder(folder, fill)
  })
  return folder
}

/** @param {Env} env */
function goPath(env) {
  const [go] = findExecutables('go', env)
  if (go) return go
  throw new SetupError('the check of the chart needs Go, to build helm and to fetch the schemas of KEDA', {
    fix: ['install Go 1.25 or newer (https://go.dev/dl)', 'without it, `npm test` checks the kept rendering only'],
  })
}

/** Go's caches are temporary: half a gigabyte of sources is not wanted twice. @param {string} folder @param {Env} env */
async function buildHelm(folder, env) {
  const scratch = path.join(folder, 'build')
  const caches = { GOMODCACHE: path.join(scratch, 'mod'), GOCACHE: path.join(scratch, 'cache'), GOBIN: scratch }
  const flags = ['-trimpath', '-ldflags=-s -w', '-modcacherw']
  await run(goPath(env), ['install', ...flags, `helm.sh/helm/v3/cmd/helm@${HELM}`], { ...env, ...caches })
  copyFileSync(path.join(scratch, 'helm'), path.join(folder, 'helm'))
  rmSync(scratch, { recursive: true, force: true })
}

/** @param {string} folder @param {Env} env */
async function fetchCrds(folder, env) {
  const scratch = path.join(folder, 'source')
  mkdirSync(scratch)
  const mod = { ...env, GOMODCACHE: path.join(scratch, 'mod'), GOFLAGS: '-modcacherw' }
  const output = await run(
    goPath(env),
    ['mod', 'download', '-json', `github.com/kedacore/keda/v2@${KEDA}`],
    mod,
    scratch,
  )
  const source = JSON.parse(output.slice(output.indexOf('{'))).Dir
  for (const file of CRDS) copyFileSync(path.join(source, 'config/crd/bases', file), path.join(folder, file))
  rmSync(scratch, { recursive: true, force: true })
}

/** @param {string} folder @param {{python: string, env: Env}} context */
async function installPackages(folder, { python, env }) {
  const list = path.join(folder, 'requirements.txt')
  writeFileSync(list, `${PYTHON_PACKAGES.join('\n')}\n`)
  const args = ['--no-deps', '--only-binary=:all:', '--no-compile', '--disable-pip-version-check', '--no-input']
  const pip = ['-m', 'pip', 'install', ...args, '--progress-bar', 'off', '--target', folder, '--requirement', list]
  await run(python, pip, { ...env, PIP_REQUIRE_VIRTUALENV: '0' })
  const wanted = KUBERNETES.map((version) => `v${version}.0-local-strict`)
  for (const name of readdirSync(path.join(folder, SCHEMAS)))
    if (!wanted.includes(name)) rmSync(path.join(folder, SCHEMAS, name), { recursive: true })
  rmSync(path.join(folder, 'bin'), { recursive: true, force: true })
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Env} env
 * @param {string} [cwd]
 */
async function run(command, args, env, cwd) {
  const { code, output } = await runCommand(command, args, { env, ...(cwd && { cwd }) })
  if (code === 0) return output
  throw new SetupError(`${path.basename(command)} ${args.slice(0, 2).join(' ')} failed`, {
    detail: lastLines(output, 8),
  })
}
