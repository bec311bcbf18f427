#!/usr/bin/env node
// `npm run build`: compiles every package and app. Options are passed on to the compiler (--force, --clean).
import { compile } from './setup/compile.mjs'
import { formatDuration } from './setup/format.mjs'
import { ROOT } from './setup/paths.mjs'
import { formatSetupError, SetupError } from './setup/setup-error.mjs'

const started = performance.now()
try {
  const { built } = await compile({ root: ROOT, env: process.env, args: process.argv.slice(2) })
  process.stdout.write(`✓ build  ${built} projects compiled (${formatDuration(performance.now() - started)})\n`)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(formatSetupError(error))
  process.exitCode = 1
}
