#!/usr/bin/env node
// `npm run examples`: sends every job under examples/ to a local stack over HTTP, as a user would, waits for the verdicts
// and downloads what was exported. Exits with 1 when one fails, misses a gate or takes too long.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createClient } from '@stillhouse/client'
import { chooseExamples, USAGE } from './examples/choose-examples.mjs'
import { exampleTable, isGood } from './examples/example-table.mjs'
import { finishExample, limitOf, submitExample } from './examples/run-example.mjs'
import { startLocalStack } from './examples/start-local-stack.mjs'
import { formatDuration } from './setup/format.mjs'
import { ROOT } from './setup/paths.mjs'

const FOLDER = path.join(ROOT, 'examples')

/** @param {readonly string[]} args */
async function main(args) {
  if (args.includes('--help')) return void process.stdout.write(USAGE)
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'))
  const chosen = chooseExamples(files, args)
  const started = performance.now()
  const stack = await startLocalStack()
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => void stack.stop().then(() => process.exit(1)))
  try {
    const client = createClient({ baseUrl: stack.url, apiKey: stack.apiKey })
    const outcomes = await runAll(client, chosen)
    process.stdout.write(exampleTable(outcomes))
    const passed = outcomes.filter(isGood).length
    process.stdout.write(`\n${passed} of ${outcomes.length} passed in ${formatDuration(performance.now() - started)}\n`)
    if (passed < outcomes.length) process.exitCode = 1
  } finally {
    await stack.stop()
  }
}

/** All are queued before the first is waited for. @param {import('@stillhouse/client').Client} client @param {readonly string[]} files */
async function runAll(client, files) {
  const sent = []
  for (const file of files) {
    const yaml = readFileSync(path.join(FOLDER, file), 'utf8')
    for (const job of await submitExample(client, path.basename(file, '.yaml'), yaml)) sent.push({ file, ...job })
  }
  const outcomes = []
  for (const { file, name, submitted } of sent) {
    const outcome = { name, ...(await finishExample(client, submitted, limitOf(file))) }
    outcomes.push(outcome)
    process.stdout.write(`${isGood(outcome) ? '✓' : '✗'} ${outcome.name}\n`)
  }
  return outcomes
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
