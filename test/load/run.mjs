#!/usr/bin/env node
// `npm run load`: how the service behaves under more of everything than one machine's work. Writes results.json beside this
// file and docs/scale.md.
//   npm run load -- [--only growth,shares,submits,listeners] [--quick] [--page]
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from '../bench/machine.mjs'
import { writePage } from './page.mjs'
import { growth } from './parts/growth.mjs'
import { listeners } from './parts/listeners.mjs'
import { shares } from './parts/shares.mjs'
import { submits } from './parts/submits.mjs'
import { startStack } from './stack.mjs'

const RESULTS = fileURLToPath(new URL('results.json', import.meta.url))
/** Parts that start what they need themselves. */
const ALONE = { growth, submits }
/** Parts that are given a stack. */
const ON_STACK = { shares, listeners }
const PARTS = ['growth', 'shares', 'submits', 'listeners']

const { values } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean' }, page: { type: 'boolean' } },
})
const quick = values.quick === true
const wanted = values.only?.split(',') ?? PARTS
for (const name of wanted)
  if (!PARTS.includes(name)) throw new Error(`There is no part "${name}". Expected some of ${PARTS.join(', ')}.`)

const results = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {}
for (const name of values.page ? [] : wanted) {
  const say = (text) => process.stdout.write(`${name}  ${text}\n`)
  const found = await (ALONE[name] ? ALONE[name]({ quick, say }) : onStack(ON_STACK[name], { quick, say }))
  results[name] = { measured: new Date().toISOString().slice(0, 10), machine: machine(), ...found }
  say(JSON.stringify(found))
  // a quick run shows that everything works; its figures are nobody's
  if (!quick) writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
}
if (!quick) writePage(results)
// an exit hook of the embedded PostgreSQL would keep the process
process.exit(0)

async function onStack(part, context) {
  const stack = await startStack()
  try {
    return await part(stack, context)
  } finally {
    await stack.stop()
  }
}
