// The command itself, as a user runs it, in a checkout that has nothing but set-up and a lock file.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './paths.mjs'
import { fakeProgram, temporaryFolder, writeFiles } from './test-support.mjs'

const LOCK = { packages: { 'node_modules/@tensorflow/tfjs-node-gpu': { version: '4.22.0' } } }

/**
 * @param {string[]} args
 * @param {{path?: string, env?: Record<string, string>}} [options]
 */
function runSetup(args, { path = '/nowhere', env = {} } = {}) {
  const checkout = temporaryFolder()
  cpSync(join(ROOT, 'infra/scripts'), join(checkout, 'infra/scripts'), { recursive: true })
  writeFiles(checkout, { 'package-lock.json': JSON.stringify(LOCK), 'package.json': '{"type":"module"}' })
  const home = temporaryFolder()
  const result = spawnSync(process.execPath, [join(checkout, 'infra/scripts/setup.mjs'), ...args], {
    env: { HOME: home, PATH: path, ...env },
    encoding: 'utf8',
  })
  return { ...result, checkout, home }
}

describe('setup.mjs', () => {
  it('prints its help', () => {
    const { status, stdout } = runSetup(['--help'])
    expect(status).toBe(0)
    expect(stdout).toContain('--tensorflow <path>')
  })

  it('without python3 and compiler: says so before it downloads anything, exit code 1, no stack trace', () => {
    const { status, stdout, stderr, home } = runSetup([])
    expect(status).toBe(1)
    expect(stderr).toContain(
      '✗ missing: python3 (3.8 or newer), pip (python3 -m pip), a C++ compiler (g++, c++ or clang++), make',
    )
    expect(stderr).toContain('\n  do   ')
    expect(stdout + stderr).not.toMatch(/\n\s+at /)
    expect(existsSync(join(home, '.cache/stillhouse/tensorflow'))).toBe(false)
  })

  it('without npm: says so', () => {
    const programs = temporaryFolder()
    for (const name of ['python3', 'make', 'g++']) fakeProgram(programs, name, 'exit 0')
    const { status, stderr } = runSetup(['--quiet'], { path: programs })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^✗ missing: npm\n/)
  })

  it('with an unknown option: names it', () => {
    const { status, stderr } = runSetup(['--cuda'])
    expect(status).toBe(1)
    expect(stderr).toContain('✗ unknown option "--cuda"')
  })

  it('with a TensorFlow that is not there: names the folder', () => {
    const { status, stderr } = runSetup(['--quiet'], { env: { STILLHOUSE_TENSORFLOW: '/opt/none' } })
    expect(status).toBe(1)
    expect(stderr).toContain('✗ cannot link to TensorFlow in /opt/none')
  })

  it('leaves no lock behind when it fails', () => {
    const { checkout } = runSetup([])
    expect(readdirSync(join(checkout, '.stillhouse'))).not.toContain('setup.lock')
  })
})
