// The steps of set-up in their order. Each looks whether its result is there already and says in one line what it found
// or did; the first that cannot succeed ends the run with its reason and what to type.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkPlatform, findTools, thisMachine } from './check-platform.mjs'
import { chooseTensorflow } from './choose-tensorflow.mjs'
import { compile } from './compile.mjs'
import { generatePrisma } from './generate-prisma.mjs'
import { hydratePostgres } from './hydrate-postgres.mjs'
import { installChromium, planChromium } from './install-chromium.mjs'
import { installDependencies, readPackages, whyStale } from './install-dependencies.mjs'
import { installPythonTensorflow, planPythonTensorflow } from './install-python-tensorflow.mjs'
import { installRedis, planRedis } from './install-redis.mjs'
import { installSchemathesis, planSchemathesis } from './install-schemathesis.mjs'
import { installTensorflow } from './install-tensorflow.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { withLock } from './lock.mjs'
import { HELP, parseOptions } from './options.mjs'
import { cacheRoot, checkoutPaths, ROOT } from './paths.mjs'
import { createReporter } from './reporter.mjs'
import { bindingState, setUpBinding } from './set-up-binding.mjs'
import { formatSetupError, SetupError } from './setup-error.mjs'
import { sharePostgres } from './share-postgres.mjs'

/** @typedef {import('./options.mjs').Options} Options */

/**
 * Sets process.exitCode: 0, or 1 after saying what is wrong.
 * @param {string[]} args
 */
export async function main(args) {
  // Without these, Ctrl-C would skip the exit handlers that remove half-done downloads and release locks.
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
  try {
    const options = parseOptions(args, process.env)
    if (options.help) process.stdout.write(HELP)
    else await setUp(options)
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(describeFailure(error))
  }
}

/** @param {unknown} error */
function describeFailure(error) {
  if (error instanceof SetupError) return formatSetupError(error)
  const { code, path, message } = /** @type {NodeJS.ErrnoException} */ (error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return formatSetupError(
      new SetupError('the disk is full', {
        detail: [message],
        fix: [
          'free some space, then run the same command again',
          'or keep TensorFlow on another disk: export STILLHOUSE_CACHE=/a/folder/there',
        ],
      }),
    )
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return formatSetupError(
      new SetupError(`not allowed to write ${path ?? ''}`, {
        detail: [message],
        fix: [
          'run it as the user who owns this folder',
          'or keep TensorFlow elsewhere: export STILLHOUSE_CACHE=/a/folder/you/can/write',
        ],
      }),
    )
  }
  return `✗ set-up failed in a way it does not know; this is a bug in set-up\n${error instanceof Error ? error.stack : error}\n`
}

/** @param {Options} options */
async function setUp(options) {
  const paths = checkoutPaths(ROOT)
  const reporter = createReporter({ output: process.stdout, quiet: options.quiet })
  const machine = thisMachine()
  // Before the lock, which writes: an unsupported machine is told so at once.
  const platformLine = checkPlatform(machine)
  const onWait = (/** @type {string} */ owner) =>
    process.stdout.write(`  waiting for another set-up of this checkout (process ${owner})\n`)
  await withLock(paths.lock, { onWait }, async () => {
    const context = { ...paths, platform: machine.platform, cache: cacheRoot(process.env), env: process.env, reporter }
    const plan = await reporter.step('platform', () => planSetUp(options, context, platformLine))
    await runSteps(options, context, plan)
  })
}

/** @typedef {ReturnType<typeof checkoutPaths> & {platform: string, cache: string, env: NodeJS.ProcessEnv, reporter: ReturnType<typeof createReporter>}} Context */

/**
 * Finds out what will be missing, and every tool that bringing it takes.
 * @param {Options} options
 * @param {Context} context
 * @param {string} detail
 */
async function planSetUp(options, context, detail) {
  const { root, platform, cache, env, state, tfjsPackage } = context
  const choice = options.tensorflow ?? readJson(state)['tensorflow'] ?? { kind: 'cpu' }
  const tensorflow = await chooseTensorflow(choice, { platform, cache, env })
  const locked = readPackages(join(root, 'package-lock.json'))
  const packageVersion = locked['node_modules/@tensorflow/tfjs-node-gpu']?.version ?? ''
  const binding = bindingState({ root, tfjsPackage, cache, packageVersion, tensorflow })
  const tests = options.test ? await planTests(context) : undefined
  const tools = await findTools({
    pip: !tensorflow.ready || (tests !== undefined && 'install' in tests.redis),
    // `npm ci` would take the binding in node_modules away.
    compile: !binding.cached && (!binding.placed || whyStale(root, locked) !== ''),
    env,
  })
  const found = choice.kind === 'linked' ? { kind: 'linked', path: tensorflow.folder } : choice
  return { detail, choice: found, tensorflow, packageVersion, tests, tools }
}

/** @param {Context} context */
async function planTests(context) {
  return {
    redis: await planRedis(context),
    chromium: await planChromium(context),
    python: await planPythonTensorflow(context),
    schemathesis: await planSchemathesis(context),
  }
}

/**
 * @param {Options} options
 * @param {Context} context
 * @param {Awaited<ReturnType<typeof planSetUp>>} plan
 */
async function runSteps(options, context, plan) {
  const { root, reporter, state, env, logs } = context
  const { tensorflow, tools, tests } = plan
  await reporter.step('node_modules', (view) => installDependencies({ ...context, view }))
  await reporter.step('TensorFlow', (view) => installTensorflow({ tensorflow, python: tools.python, env, logs, view }))
  await reporter.step('binding', (view) => setUpBinding({ ...context, ...plan, tools, view }))
  if (options.remember) updateJson(state, { tensorflow: plan.choice })
  await reporter.step('PostgreSQL', async () => {
    const result = await hydratePostgres(context)
    const copy = sharePostgres(context)
    return copy === undefined ? result : { detail: `${result.detail}, copied to ${copy} for its user`, changed: true }
  })
  if (existsSync(join(root, 'prisma/schema.prisma')))
    await reporter.step('Prisma', (view) => generatePrisma({ ...context, view }))
  if (tests) await setUpTests(tests, context, tools.python)
  await reporter.step('build', async (view) => {
    view.working('compiling TypeScript')
    const { built } = await compile({ root, env, log: join(logs, 'build.log') })
    return { detail: built > 0 ? `${built} projects compiled` : 'up to date', changed: built > 0 }
  })
}

/**
 * @param {Awaited<ReturnType<typeof planTests>>} plans
 * @param {Context} context
 * @param {string} python
 */
async function setUpTests({ redis, chromium, python: packages, schemathesis }, context, python) {
  const { reporter } = context
  await reporter.step('Redis', (view) => installRedis({ ...context, plan: redis, python, view }))
  await reporter.step('Chromium', (view) => installChromium({ ...context, plan: chromium, view }))
  await reporter.step('Python', (view) => installPythonTensorflow({ ...context, plan: packages, view }))
  await reporter.step('Schemathesis', (view) => installSchemathesis({ ...context, plan: schemathesis, view }))
}
