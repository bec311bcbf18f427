// What the tests of set-up share: folders that vanish after each test, and programs that are shell scripts.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** @returns {string} a new folder, removed when the test is over */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-setup-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * @param {string} folder
 * @param {Record<string, string>} files path → contents
 */
export function writeFiles(folder, files) {
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), contents)
  }
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {string} script body of a /bin/sh script
 * @returns {string} its path
 */
export function fakeProgram(folder, name, script) {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

/** A view that remembers what it was told. */
export function recordingView() {
  /** @type {import('./reporter.mjs').Progress[]} */
  const progress = []
  /** @type {string[]} */
  const said = []
  return {
    progress: (/** @type {import('./reporter.mjs').Progress} */ step) => progress.push(step),
    working: (/** @type {string} */ text) => said.push(text),
    say: (/** @type {string} */ text) => said.push(text),
    steps: progress,
    said,
  }
}

/**
 * @param {() => unknown} run
 * @returns {Promise<import('./setup-error.mjs').SetupError>} what it threw
 */
export async function failureOf(run) {
  try {
    await run()
  } catch (error) {
    return /** @type {import('./setup-error.mjs').SetupError} */ (error)
  }
  throw new Error('it was expected to fail and did not')
}
