// One run of Schemathesis with one key, in a process of its own: its settings, its hooks' settings, what it counted.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../infra/scripts/setup/run-command.mjs'

const HOOKS = fileURLToPath(new URL('python', import.meta.url))
const REQUEST_SECONDS = 20

/**
 * @typedef {{
 *   operation: string, check: string, status: number, times: number,
 *   message: string, request: string, sent: string, answer: string,
 * }} Finding
 * @typedef {{
 *   statuses: Record<string, Record<string, number>>, checks: Record<string, Record<string, number>>,
 *   phases: Record<string, number>, failures: Finding[], allChecks: string[], allowed: Record<string, number>, errors: string[],
 * }} Counted by operationId; `phases` counts cases
 * @typedef {Counted & {role: string, seconds: number, ok: boolean, output: string}} RoleRun
 */

/**
 * @param {{
 *   python: string, url: string, role: import('./roles.mjs').Role, folder: string,
 *   seed: number, maxExamples: number, phases: readonly import('./roles.mjs').Phase[],
 * }} options `folder` is for its files and may be empty or not there
 * @returns {Promise<RoleRun>}
 */
export async function runSchemathesis({ python, url, role, folder, seed, maxExamples, phases }) {
  mkdirSync(folder, { recursive: true })
  const files = { config: join(folder, 'schemathesis.toml'), context: join(folder, 'context.json') }
  const record = join(folder, 'record.json')
  const auth = writeAuth(role, folder)
  writeFileSync(files.config, configOf({ role, auth, maxExamples }))
  writeFileSync(files.context, JSON.stringify({ ...contextOf(role), seed, record }))
  const program = 'import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())'
  const args = ['-c', program, '--config-file', files.config, 'run', `${url}/openapi.json`, '--no-color']
  const started = performance.now()
  const { code, output } = await runCommand(python, [...args, '--seed', String(seed), '--phases', phases.join(',')], {
    cwd: folder,
    env: { ...process.env, PYTHONPATH: HOOKS, PYTHONDONTWRITEBYTECODE: '1', FUZZ_CONTEXT: files.context },
  })
  const seconds = (performance.now() - started) / 1000
  if (!existsSync(record)) throw new Error(`Schemathesis did not run as ${role.name}:\n${output.slice(-4000)}`)
  return { role: role.name, seconds, ok: code === 0, output, ...JSON.parse(readFileSync(record, 'utf8')) }
}

/** @param {import('./roles.mjs').Role} role */
function contextOf({ name, own, foreign }) {
  return { role: name, own, foreign, keepKeys: own.keyIds }
}

/**
 * The keys, in a file that Schemathesis reads.
 * @param {import('./roles.mjs').Role} role
 * @param {string} folder
 */
function writeAuth({ key, peers }, folder) {
  if (key === null) return null
  const identities = peers ?? { [ALONE]: key }
  const auth = Object.entries(identities).map(([name, secret]) => ({
    name,
    fixedHeaders: [{ name: 'Authorization', value: `Bearer ${secret}` }],
  }))
  const file = join(folder, 'auth.json')
  writeFileSync(file, JSON.stringify({ auth }))
  const user = Object.entries(identities).find(([, secret]) => secret === key)?.[0] ?? ALONE
  return { file, user, peers: peers === null ? null : Object.keys(peers) }
}

const ALONE = 'alone'
const TAGS_OF_WORKERS = ['workers', 'blobs']
/** What Schemathesis takes for a rejection by itself, but for errors of the service. */
const REJECTIONS = ['400', '401', '403', '404', '405', '406', '409', '415', '422', '428', '429']

/**
 * @param {{role: import('./roles.mjs').Role, auth: ReturnType<typeof writeAuth>, maxExamples: number}} settings
 */
function configOf({ role, auth, maxExamples }) {
  const text = JSON.stringify
  const wfc = auth && [
    '[auth.wfc]',
    `path = ${text(auth.file)}`,
    `user = ${text(auth.user)}`,
    ...(auth.peers ? [`peers = ${text(auth.peers)}`] : []),
  ]
  return [
    'hooks = "fuzzing"',
    // every finding, not the first of each operation
    'continue-on-failure = true',
    `request-timeout = ${REQUEST_SECONDS}`,
    // a stream goes on as long as its job
    'max-stream-events = 3',
    // about how fast inputs are made, not about the service
    'suppress-health-check = ["all"]',
    'warnings = false',
    '[generation]',
    `max-examples = ${maxExamples}`,
    'database = "none"',
    // text that PostgreSQL cannot keep is refused everywhere; JSON Schema has no words for that
    'allow-x00 = false',
    'no-shrink = true',
    '[checks]',
    'enabled = true',
    // a body that is too large is refused before it is judged
    `negative_data_rejection.expected-statuses = ${text([...REJECTIONS, '413'])}`,
    ...(wfc ?? []),
    // The boundaries of what this key may not call anyway say nothing; among them are the largest bodies.
    '[[operations]]',
    `${role.name === 'worker' ? 'exclude' : 'include'}-tag = ${text(TAGS_OF_WORKERS)}`,
    'phases.coverage.enabled = false',
    '',
  ].join('\n')
}
