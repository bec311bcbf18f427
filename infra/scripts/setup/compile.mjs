// TypeScript → dist/ of every package and app, incrementally, with the native compiler (the one named @typescript/native).
import { join, relative } from 'node:path'
import { runCommand } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'

const SHOWN = 20

/**
 * @param {{root: string, env: Record<string, string | undefined>, args?: string[], log?: string}} context `args` are more options of `tsc -b`
 * @returns {Promise<{built: number}>} how many projects were out of date
 */
export async function compile({ root, env, args = [], log }) {
  const compiler = join(root, 'node_modules/@typescript/native/bin/tsc')
  const result = await runCommand(process.execPath, [compiler, '-b', '--verbose', '--pretty', 'false', ...args], {
    cwd: root,
    env,
    ...(log ? { log } : {}),
  })
  if (result.code !== 0) throw compileFailed(result.output, root)
  return { built: result.output.match(/^.*Building project /gm)?.length ?? 0 }
}

/**
 * @param {string} output
 * @param {string} root
 */
export function compileFailed(output, root) {
  const errors = output.split('\n').filter((line) => /error TS\d+:/.test(line))
  const files = new Set(errors.map((line) => line.split('(')[0]))
  const shown = errors.slice(0, SHOWN).map((line) => line.replaceAll(`${root}/`, ''))
  const rest = errors.length - shown.length
  const what =
    errors.length > 0 ? `the build failed: ${errors.length} errors in ${files.size} files` : 'the build failed'
  return new SetupError(what, {
    detail:
      errors.length > 0 ? [...shown, ...(rest > 0 ? [`… and ${rest} more`] : [])] : output.trim().split('\n').slice(-5),
    fix: [`node ${relative(process.cwd(), join(root, 'infra/scripts/build.mjs'))}   repeats the build alone`],
  })
}
