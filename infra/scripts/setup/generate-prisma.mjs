// Prisma's client is generated code and not in git: made again whenever the schema, its configuration or Prisma changes.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findExecutables } from './find-executable.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { commandFailed } from './problems.mjs'
import { lastLines, runCommand } from './run-command.mjs'

const OUTPUT = 'packages/db/src/generated'

/**
 * @param {{root: string, state: string, env: Record<string, string | undefined>, logs: string, view: import('./reporter.mjs').StepView}} context
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function generatePrisma({ root, state, env, logs, view }) {
  const key = prismaKey(root)
  const generated = readJson(state)['prisma'] === key && hasFiles(join(root, OUTPUT))
  if (generated) return { detail: 'client in place' }
  view.working('generating the client')
  const log = join(logs, 'prisma-generate.log')
  const result = await runCommand(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), 'generate'], {
    cwd: root,
    env: { ...env, ...offlineEnvironment(env) },
    log,
  })
  if (result.code !== 0) throw commandFailed({ what: 'prisma generate', detail: lastLines(result.output, 8), log })
  updateJson(state, { prisma: key })
  return { detail: 'client generated', changed: true }
}

/**
 * Prisma would download a schema engine that `generate` does not use, and ask its makers for news: both need a network.
 * @param {Record<string, string | undefined>} env
 */
function offlineEnvironment(env) {
  return {
    PRISMA_SCHEMA_ENGINE_BINARY: findExecutables('true', env)[0] ?? process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  }
}

/** @param {string} root */
function prismaKey(root) {
  const hash = createHash('sha256')
  const files = [
    ...readdirSync(join(root, 'prisma'))
      .filter((name) => name.endsWith('.prisma'))
      .sort()
      .map((name) => join('prisma', name)),
    'prisma.config.ts',
    'node_modules/prisma/package.json',
  ]
  for (const file of files)
    if (existsSync(join(root, file))) hash.update(`${file}\n`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** @param {string} folder */
function hasFiles(folder) {
  return existsSync(folder) && readdirSync(folder).length > 0
}
