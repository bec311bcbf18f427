// The command line of the property-based test.
import { availableParallelism } from 'node:os'

/**
 * @typedef {{cases: number, seed: number, parallel: number, quick: boolean}} Options `cases`: drawn at random, fewer in all are a failure;
 *   `parallel`: keys at a time
 */

const FULL = { cases: 5000, seed: 1 }
const QUICK = { cases: 150, seed: 1 }

export const USAGE = `npm run fuzz -- [options]
  --cases <n>     cases to draw at random, boundaries come on top; fewer in all are a failure, default ${FULL.cases}
  --seed <n>      the same seed draws the same cases, default ${FULL.seed}
  --parallel <n>  keys that are used at a time, each with a service of its own, default: one per processor
  --quick         two keys and at least ${QUICK.cases} cases, drawn at random; writes no file
`

/**
 * @param {readonly string[]} args
 * @returns {Options}
 * @throws Error with the usage when they cannot be understood
 */
export function parseOptions(args) {
  const quick = args.includes('--quick')
  /** @type {Options} */
  const options = { quick, parallel: availableParallelism(), ...(quick ? QUICK : FULL) }
  for (let i = 0; i < args.length; i++) {
    const name = args[i]
    if (name === '--quick') continue
    i += 1
    if (name === '--cases') options.cases = whole(name, args[i], 1)
    else if (name === '--seed') options.seed = whole(name, args[i], 0)
    else if (name === '--parallel') options.parallel = whole(name, args[i], 1)
    else throw new Error(`There is no option ${name}.\n${USAGE}`)
  }
  return options
}

/** @param {string} name @param {string | undefined} text @param {number} least */
function whole(name, text, least) {
  const value = Number(text)
  if (text !== undefined && text !== '' && Number.isSafeInteger(value) && value >= least) return value
  throw new Error(`${name} takes a whole number from ${least}. Received "${text ?? ''}".\n${USAGE}`)
}
