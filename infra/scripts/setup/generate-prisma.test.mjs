import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatePrisma } from './generate-prisma.mjs'
import { failureOf, recordingView, temporaryFolder, writeFiles } from './test-support.mjs'

const FAKE_PRISMA = `const fs = require('node:fs')
fs.mkdirSync('packages/db/src/generated', { recursive: true })
fs.writeFileSync('packages/db/src/generated/client.ts', 'x')
fs.appendFileSync('runs', process.argv[2] + ' ' + process.env.PRISMA_SCHEMA_ENGINE_BINARY + '\\n')`

/** @param {string} [prisma] */
function checkout(prisma = FAKE_PRISMA) {
  const root = temporaryFolder()
  writeFiles(root, {
    'prisma/schema.prisma': 'model Job {}',
    'node_modules/prisma/build/index.js': prisma,
    'node_modules/prisma/package.json': '{"version":"7.10.0"}',
  })
  const context = {
    root,
    state: join(root, '.stillhouse/setup.json'),
    env: process.env,
    logs: join(root, 'logs'),
    view: recordingView(),
  }
  return { root, context, runs: () => readFileSync(join(root, 'runs'), 'utf8').trim().split('\n') }
}

describe('generatePrisma', () => {
  it('generates once, with an engine binary that spares Prisma a download', async () => {
    const { context, runs } = checkout()
    expect(await generatePrisma(context)).toMatchObject({ changed: true })
    expect(await generatePrisma(context)).toEqual({ detail: 'client in place' })
    expect(runs()).toHaveLength(1)
    expect(runs()[0]).toMatch(/^generate \/\S+$/)
  })

  it.each(
    /** @type {[string, (root: string) => void][]} */ ([
      ['the schema changes', (root) => appendFileSync(join(root, 'prisma/schema.prisma'), 'model Event {}')],
      ['a configuration appears', (root) => writeFiles(root, { 'prisma.config.ts': 'export default {}' })],
      [
        'Prisma is upgraded',
        (root) => writeFiles(root, { 'node_modules/prisma/package.json': '{"version":"7.11.0"}' }),
      ],
      [
        'the generated files are deleted',
        (root) => rmSync(join(root, 'packages/db/src/generated'), { recursive: true }),
      ],
    ]),
  )('generates again when %s', async (_name, change) => {
    const { root, context, runs } = checkout()
    await generatePrisma(context)
    change(root)
    await generatePrisma(context)
    expect(runs()).toHaveLength(2)
  })

  it('shows what Prisma found wrong, and tries again the next time', async () => {
    const { context } = checkout('console.error("Error validating model"); process.exit(1)')
    expect((await failureOf(() => generatePrisma(context))).detail).toContain('Error validating model')
    expect((await failureOf(() => generatePrisma(context))).message).toBe('prisma generate failed')
  })
})
