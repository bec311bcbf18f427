// Everything that must hold before a change lands, in one command: `npm test`. Cheap checks run first, real processes
// last; every step runs even when an earlier one failed, so that one run shows all there is to mend.
// Built-ins only.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const reports = path.join(root, '.stillhouse/test')
const bin = (name) => path.join(root, 'node_modules/.bin', name)
const node = (...args) => [process.execPath, ...args]
const vitest = (name, projects = name) => [
  bin('vitest'),
  'run',
  '--project',
  projects,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${path.join(reports, `${name}.json`)}`,
]

const STEPS = [
  { name: 'format and lint', group: 'check', command: [bin('biome'), 'ci', '.'] },
  { name: 'generated files', group: 'check', command: node('infra/scripts/generate.mjs', '--check') },
  {
    name: 'types of tests',
    group: 'check',
    command: node('node_modules/@typescript/native/bin/tsc', '-p', 'test/tsconfig.json'),
  },
  {
    name: 'import rules',
    group: 'check',
    command: [bin('depcruise'), '--config', 'infra/scripts/dependency-cruiser.config.mjs', 'packages', 'apps'],
  },
  { name: 'dead code', group: 'check', command: [bin('knip'), '--config', 'infra/scripts/knip.json'] },
  { name: 'unit tests', group: 'unit', command: vitest('unit', 'unit*'), report: 'unit' },
  { name: 'conformance suites', group: 'conformance', command: vitest('conformance'), report: 'conformance' },
  { name: 'integration tests', group: 'integration', command: vitest('integration'), report: 'integration' },
  { name: 'end-to-end tests', group: 'e2e', command: vitest('e2e'), report: 'e2e' },
]

function run(command) {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => resolve({ ok: false, seconds: 0, error }))
    child.on('exit', (code) => resolve({ ok: code === 0, seconds: (performance.now() - started) / 1000 }))
  })
}

/** Tests that passed and failed according to vitest; a step without tests counts as one. */
function countsOf(step, ok) {
  if (!step.report) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
  try {
    const report = JSON.parse(readFileSync(path.join(reports, `${step.report}.json`), 'utf8'))
    const failed = report.numFailedTests + (ok ? 0 : report.numFailedTests === 0 ? 1 : 0)
    return { passed: report.numPassedTests, failed }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined
const steps = STEPS.filter((step) => only === undefined || step.group === only)
if (steps.length === 0) {
  console.error(`--only takes one of ${[...new Set(STEPS.map((step) => step.group))].join(', ')}; received ${only}`)
  process.exit(1)
}
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })

const results = []
for (const step of steps) {
  console.log(`\n── ${step.name}`)
  const { ok, seconds } = await run(step.command)
  results.push({ step, ok, seconds, ...countsOf(step, ok) })
}

console.log('')
for (const { step, ok, seconds, passed, failed } of results) {
  const tests = step.report ? `${passed} passed, ${failed} failed` : ''
  console.log(`${ok ? '✓' : '✗'} ${step.name.padEnd(20)} ${`${seconds.toFixed(1)} s`.padStart(9)}  ${tests}`)
}
const passed = results.reduce((sum, result) => sum + result.passed, 0)
const failed = results.reduce((sum, result) => sum + result.failed, 0)
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(results.every((result) => result.ok) ? 0 : 1)
