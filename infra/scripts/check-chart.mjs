#!/usr/bin/env node
// Checks the Helm chart with helm itself: `node infra/scripts/check-chart.mjs [--update]`. Lints it, renders every example,
// compares the result with what is kept in infra/k8s/rendered (or, with --update, keeps it), validates each document
// against the schemas of Kubernetes and KEDA, and sees that mistakes in values are refused. The first run builds helm.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CHART, checksumFile, currentChecksums, exampleNames, RENDERED, renderedFile } from './chart/chart-files.mjs'
import { chartTools, KUBERNETES } from './chart/chart-tools.mjs'
import { REFUSALS } from './chart/refusals.mjs'
import { formatSetupError, SetupError } from './setup/setup-error.mjs'

const update = process.argv.includes('--update')
const NEWEST = `${KUBERNETES.at(-1)}.0`
/** Faults that the validation must see, or it proves nothing. */
const MISSPELT = [
  ['livenessProbe:', 'livenesProbe:'],
  ['pollingInterval:', 'pollInterval:'],
]

/** @param {string} name an example @param {readonly string[]} sets */
const template = (name, sets = []) => [
  ...['template', 'stillhouse', CHART, '--namespace', 'stillhouse', '--kube-version', NEWEST],
  ...['--values', path.join(CHART, 'examples', `${name}.yaml`), ...sets.flatMap((set) => ['--set', set])],
]

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    maxBuffer: 2 ** 26,
    ...options,
    encoding: 'utf8',
  })
  return { ok: status === 0, stdout: stdout ?? '', text: `${error?.message ?? ''}${stdout}${stderr}` }
}

/** @typedef {{what: string, ok: boolean, detail: string}} Result */

/** @param {import('./chart/chart-tools.mjs').ChartTools} tools @returns {Generator<Result>} */
function* check(tools) {
  if (update) rmSync(RENDERED, { recursive: true, force: true })
  mkdirSync(RENDERED, { recursive: true })
  for (const name of exampleNames()) yield* checkExample(tools, name)
  for (const { mistake, set, says } of REFUSALS) {
    const { ok, text } = run(tools.helm, template('small', set))
    const refused = !ok && says.test(text)
    yield { what: `refuse ${mistake}`, ok: refused, detail: refused ? '' : text.slice(0, 400) }
  }
  if (update) writeFileSync(checksumFile(), `${JSON.stringify(currentChecksums(), null, 2)}\n`)
}

/** @param {import('./chart/chart-tools.mjs').ChartTools} tools @param {string} name @returns {Generator<Result>} */
function* checkExample(tools, name) {
  const values = path.join(CHART, 'examples', `${name}.yaml`)
  const lint = run(tools.helm, ['lint', CHART, '--strict', '--quiet', '--kube-version', NEWEST, '--values', values])
  yield { what: `lint with ${name}`, ok: lint.ok, detail: lint.ok ? '' : lint.text }
  const { ok, stdout, text } = run(tools.helm, template(name))
  yield { what: `render ${name}`, ok, detail: ok ? `${stdout.split('\n').length} lines` : text }
  if (!ok) return
  yield keep(name, stdout)
  const valid = validate(tools, stdout)
  yield { what: `validate ${name}`, ok: valid.ok, detail: valid.text.trim() }
  for (const [right, wrong] of MISSPELT.filter(([field]) => stdout.includes(field))) {
    const { text } = validate(tools, stdout.replace(right, wrong))
    const seen = text.includes(wrong.replace(':', ''))
    yield { what: `the validation of ${name} sees "${wrong}"`, ok: seen, detail: seen ? '' : text }
  }
}

/** @param {import('./chart/chart-tools.mjs').ChartTools} tools @param {string} input documents */
function validate({ python, packages, crds }, input) {
  const env = { ...process.env, PYTHONPATH: packages }
  return run(python, [path.join(import.meta.dirname, 'chart/validate.py'), crds, ...KUBERNETES], { input, env })
}

/** @param {string} name @param {string} rendered @returns {Result} */
function keep(name, rendered) {
  if (update) writeFileSync(renderedFile(name), rendered)
  const same = readOrEmpty(renderedFile(name)) === rendered
  const detail = same ? '' : `differs from ${path.relative(process.cwd(), renderedFile(name))}: run this with --update`
  return { what: `kept rendering of ${name}`, ok: same, detail }
}

/** @param {string} file */
function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

// without these, Ctrl-C would skip the exit handlers that remove half-done downloads and end what was started
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
try {
  const tools = await chartTools({ env: process.env, say: (line) => console.log(`  ${line}`) })
  let failed = 0
  for (const { what, ok, detail } of check(tools)) {
    if (!ok) failed += 1
    console.log(`${ok ? '✓' : '✗'} ${what}${detail ? `: ${detail}` : ''}`)
  }
  if (failed > 0) console.log(`\n${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(formatSetupError(error))
  process.exitCode = 1
}
