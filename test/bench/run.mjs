#!/usr/bin/env node
// `npm run bench`: measures, writes results.json beside this file and docs/benchmarks.md. See README.md.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../../infra/scripts/setup/paths.mjs'
import { machine } from './machine.mjs'
import { parseOptions, USAGE } from './options.mjs'
import { inputPipeline } from './parts/input-pipeline.mjs'
import { kdStep } from './parts/kd-step.mjs'
import { memory } from './parts/memory.mjs'
import { wholeJob } from './parts/whole-job.mjs'
import { profileSteps } from './profile.mjs'
import { writeDocument } from './report/document.mjs'
import { runContext } from './run-context.mjs'

const RESULTS = fileURLToPath(new URL('results.json', import.meta.url))
const DOCUMENT = join(ROOT, 'docs/benchmarks.md')

/** @type {Record<import('./options.mjs').PartNumber, (context: import('./run-context.mjs').RunContext) => Promise<object>>} */
const RUN = {
  1: async (context) => ({ ...(await kdStep('resnet', context)), profile: await profileSteps('resnet', context) }),
  2: (context) => kdStep('cnn', context),
  3: wholeJob,
  4: inputPipeline,
  5: memory,
}

/** @param {readonly string[]} args */
async function main(args) {
  if (args.includes('--help')) return void process.stdout.write(USAGE)
  const options = parseOptions(args)
  const context = await runContext(options)
  const parts = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')).parts : {}
  for (const part of options.only) {
    context.say(`── part ${part}`)
    parts[part] = {
      measured: new Date().toISOString().slice(0, 10),
      machine: machine(),
      ...(await RUN[part](context)),
    }
    // After each part: a run of an hour that fails at its end has not been for nothing.
    if (!options.quick) write(parts)
  }
  context.say(
    options.quick ? 'it works; a quick run writes no file' : 'written: docs/benchmarks.md, test/bench/results.json',
  )
}

/** @param {Record<string, any>} parts */
function write(parts) {
  writeFileSync(RESULTS, JSON.stringify({ parts }, null, 2))
  writeFileSync(DOCUMENT, writeDocument(parts))
  execFileSync(join(ROOT, 'node_modules/.bin/biome'), ['format', '--write', RESULTS], { stdio: 'ignore' })
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
