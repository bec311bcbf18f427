#!/usr/bin/env node
// `npm run experiments`: runs a method's experiment, writes results/<slug>.json and docs/methods/<slug>.md; with --summary
// writes docs/methods/README.md from the results there are.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../../infra/scripts/setup/paths.mjs'
import { machine } from '../bench/machine.mjs'
import { definedMethods, loadDefinition } from './definition.mjs'
import { parseOptions, USAGE } from './options.mjs'
import { writePage } from './report/page.mjs'
import { writeSummary } from './report/summary.mjs'
import { runExperiment, runTuning } from './run-experiment.mjs'
import { bestOf } from './tuning.mjs'
import { readTuning, tuningFile } from './tuning-file.mjs'

const LEAST_SEEDS = 3
const PAGES = join(ROOT, 'docs/methods')
const resultFile = (/** @type {string} */ slug) => fileURLToPath(new URL(`results/${slug}.json`, import.meta.url))

/** @param {readonly string[]} args */
async function main(args) {
  if (args.includes('--help')) return void process.stdout.write(USAGE)
  const { slug, mode, seeds, teachers: kept } = parseOptions(args)
  if (slug === null) return await summarise()
  const definition = await loadDefinition(slug)
  if (mode === 'page') return await writePageAgain(slug, definition)
  const quick = mode === 'quick'
  const state = join(ROOT, `.stillhouse/experiments/${slug}`)
  const context = { state, teachers: kept ?? join(state, 'teachers'), quick, say }
  if (mode === 'tune') return await tune(slug, definition, context)
  const count = quick ? 1 : (seeds ?? definition.seeds)
  if (!quick && count < LEAST_SEEDS)
    throw new Error(`Fewer seeds say nothing of chance. Expected --seeds ${LEAST_SEEDS} or more; received ${count}.`)
  const numbers = Array.from({ length: count }, (_, i) => i + 1)
  const found = await runExperiment(slug, definition, numbers, context)
  const result = {
    method: slug,
    measured: new Date().toISOString().slice(0, 10),
    machine: machine(),
    seeds: numbers,
    ...found,
  }
  const page = await pageOf(slug, definition, result)
  if (quick) return say('it works; a quick run writes no file')
  writeResult(resultFile(slug), result)
  // The control has nothing of its own to show.
  if (definition.arms.length > 0) write(join(PAGES, `${slug}.md`), page)
  for (const [i, { verdict }] of result.outcomes.entries()) say(`${verdict}: ${definition.mustShow[i]?.claim}`)
}

/** @param {string} slug @param {import('./definition.mjs').Definition} definition @param {import('./run-experiment.mjs').Context} context */
async function tune(slug, { tuning }, context) {
  if (!tuning) throw new Error(`The experiment "${slug}" has nothing to tune. Expected candidates in its definition.`)
  const result = await runTuning(tuning, context)
  writeResult(tuningFile(slug), result)
  say(`best: ${bestOf(result)}; the definition has ${tuning.chosen}`)
}

/** @param {string} slug @param {import('./definition.mjs').Definition} definition */
async function writePageAgain(slug, definition) {
  if (!existsSync(resultFile(slug)))
    throw new Error(`"${slug}" has no results yet. Run npm run experiments -- ${slug}.`)
  write(join(PAGES, `${slug}.md`), await pageOf(slug, definition, JSON.parse(readFileSync(resultFile(slug), 'utf8'))))
}

/** @param {string} file @param {object} result */
function writeResult(file, result) {
  write(file, JSON.stringify(result, null, 2))
  execFileSync(join(ROOT, 'node_modules/.bin/biome'), ['format', '--write', file], { stdio: 'ignore' })
}

/** @param {string} slug @param {import('./definition.mjs').Definition} definition @param {import('./run-experiment.mjs').Result} result */
async function pageOf(slug, definition, result) {
  const { shelves } = await import('../../apps/trainer/dist/shelves.js')
  const entry = shelves.methods.find(({ name }) => name === slug)
  const example = join(ROOT, `examples/methods/${slug}.yaml`)
  const cited = entry?.paper
  return writePage({
    definition,
    result,
    title: entry?.title ?? slug,
    paper: cited ? `${cited.authors}: *${cited.title}*, ${cited.venue} ${cited.year}.` : null,
    example: existsSync(example) ? readFileSync(example, 'utf8') : null,
    tuning: readTuning(slug),
  })
}

async function summarise() {
  const names = definedMethods()
  const done = names.filter((slug) => existsSync(resultFile(slug)))
  const entries = await Promise.all(
    done.map(async (slug) => ({
      definition: await loadDefinition(slug),
      result: JSON.parse(readFileSync(resultFile(slug), 'utf8')),
    })),
  )
  const missing = names.filter((slug) => !done.includes(slug))
  write(join(PAGES, 'README.md'), writeSummary(entries, missing))
  say(`written: docs/methods/README.md, ${done.length} of ${names.length} methods`)
}

/** @param {string} file @param {string} text */
function write(file, text) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`)
}

// An exit, unlike a signal, takes the running arm along.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
