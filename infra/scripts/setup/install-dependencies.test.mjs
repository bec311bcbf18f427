import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { installDependencies, npmErrors, readPackages, whyStale } from './install-dependencies.mjs'
import { ROOT } from './paths.mjs'
import { failureOf, fakeProgram, recordingView, temporaryFolder, writeFiles } from './test-support.mjs'

/** @param {Record<string, object>} packages */
const lockOf = (packages) => JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } })
const A = { version: '1.0.0', integrity: 'sha512-a' }
const ELSEWHERE = { version: '2.0.0', optional: true, os: ['win32'] }

/** @param {Record<string, object>} [installed] */
function checkout(installed = { 'node_modules/a': A }) {
  const root = temporaryFolder()
  writeFiles(root, {
    'package-lock.json': lockOf({
      'packages/spec': { version: '0.1.0' },
      'node_modules/a': A,
      'node_modules/for-windows': ELSEWHERE,
    }),
    'node_modules/.package-lock.json': lockOf(installed),
    'node_modules/a/package.json': '{}',
  })
  return root
}

/** @param {string} root */
const staleness = (root) => whyStale(root, readPackages(join(root, 'package-lock.json')))

describe('whyStale', () => {
  it('is content with what the lock file says, without the packages for other platforms', () => {
    expect(staleness(checkout())).toBe('')
  })

  it.each([
    ['another version', { 'node_modules/a': { ...A, version: '1.0.1' } }, 'is not the version of package-lock.json'],
    ['another file of the same version', { 'node_modules/a': { ...A, integrity: 'sha512-b' } }, 'is not the version'],
    ['a package missing', {}, 'node_modules/a is missing'],
  ])('notices %s', (_name, installed, reason) => {
    expect(staleness(checkout(installed))).toContain(reason)
  })

  it('notices a folder that was deleted by hand', () => {
    const root = checkout()
    rmSync(join(root, 'node_modules/a'), { recursive: true })
    expect(staleness(root)).toBe('node_modules/a is missing')
    rmSync(join(root, 'node_modules'), { recursive: true })
    expect(staleness(root)).toBe('node_modules is missing')
  })
})

describe('installDependencies', () => {
  /**
   * @param {string} script what npm does
   */
  function install(script) {
    const root = checkout()
    rmSync(join(root, 'node_modules'), { recursive: true })
    const programs = temporaryFolder()
    fakeProgram(programs, 'npm', script)
    const env = { PATH: `${programs}:/usr/bin:/bin` }
    return installDependencies({ root, env, logs: join(root, 'logs'), view: recordingView() })
  }
  const works = `[ "$1" = ci ] || exit 9
    case "$*" in *--ignore-scripts*) ;; *) exit 8;; esac
    mkdir -p node_modules/a; echo '{}' > node_modules/a/package.json
    echo '${lockOf({ 'node_modules/a': A })}' > node_modules/.package-lock.json`

  it('runs npm ci without install scripts when node_modules is missing', async () => {
    expect(await install(works)).toMatchObject({ changed: true })
  })

  it('does not run npm when everything is in place', async () => {
    const root = checkout()
    expect(await installDependencies({ root, env: {}, logs: root, view: recordingView() })).toEqual({
      detail: '2 packages in place',
    })
  })

  it.each([
    ['the network', 'echo "npm error code ENOTFOUND" >&2; exit 1', 'the network failed'],
    ['the disk', 'echo "npm error code ENOSPC" >&2; exit 1', 'not enough disk space for node_modules'],
    ['anything else', 'echo "npm error code E42" >&2; exit 1', 'npm ci failed'],
    ['npm itself, which says nothing', 'exit 0', 'npm ci ended well, but node_modules is missing'],
  ])('says so when %s fails', async (_name, script, message) => {
    expect((await failureOf(() => install(script))).message).toContain(message)
  })

  it('says where npm comes from when there is none', async () => {
    const root = checkout({})
    const error = await failureOf(() =>
      installDependencies({ root, env: { PATH: '/nowhere' }, logs: root, view: recordingView() }),
    )
    expect(error.message).toBe('missing: npm')
  })
})

describe('npmErrors', () => {
  it('keeps the complaint and drops the help text', () => {
    const output = [
      'npm warn EBADENGINE noise',
      'npm error code EUSAGE',
      'npm error',
      'npm error Missing: left-pad@1.3.0 from lock file',
      'npm error Clean install a project',
      'npm error Usage:',
      'npm error A complete log of this run can be found in: x-debug-0.log',
    ].join('\n')
    expect(npmErrors(output)).toEqual(['npm error code EUSAGE', 'npm error Missing: left-pad@1.3.0 from lock file'])
  })
})

describe('package-lock.json', () => {
  it('names every optional package, or npm ci would refuse it wherever the registry lacks one', () => {
    const packages = /** @type {Record<string, {optionalDependencies?: Record<string, string>}>} */ (
      readPackages(join(ROOT, 'package-lock.json'))
    )
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !packages[`${path}/node_modules/${name}`] && !packages[`node_modules/${name}`],
      ),
    )
    expect(missing).toEqual([])
  })
})
