// The benchmark's command line.

export const PARTS = /** @type {const} */ (['1', '2', '3', '4', '5'])
/** @typedef {(typeof PARTS)[number]} PartNumber */

/**
 * @typedef {{
 *   only: readonly PartNumber[],
 *   quick: boolean,
 *   rounds: number,
 *   steps: number,
 *   warmUp: number,
 *   jobRounds: number,
 *   epochs: number,
 *   samples: number,
 *   testSamples: number,
 *   pipelineSteps: number,
 *   memorySteps: number,
 * }} Options `samples`, `testSamples`: MNIST images that whole jobs train and are evaluated on
 */

const FULL = {
  rounds: 7,
  steps: 40,
  warmUp: 20,
  jobRounds: 3,
  epochs: 3,
  samples: 60_000,
  testSamples: 10_000,
  pipelineSteps: 300,
  memorySteps: 10_000,
}
const QUICK = {
  rounds: 2,
  steps: 3,
  warmUp: 4,
  jobRounds: 1,
  epochs: 1,
  samples: 1280,
  testSamples: 500,
  pipelineSteps: 30,
  memorySteps: 300,
}
/** Options that take a number, and what it sets. */
const NUMBERS = /** @type {const} */ ({
  '--rounds': 'rounds',
  '--steps': 'steps',
  '--epochs': 'epochs',
  '--job-rounds': 'jobRounds',
  '--samples': 'samples',
  '--memory-steps': 'memorySteps',
})

export const USAGE = `npm run bench -- [options]
  --only 1,3           parts to run, default all: ${PARTS.join(',')}
  --rounds <n>         rounds of the single-step parts, default ${FULL.rounds}
  --steps <n>          steps per round and competitor, default ${FULL.steps}
  --job-rounds <n>     rounds of whole jobs, default ${FULL.jobRounds}
  --epochs <n>         epochs of a whole job, default ${FULL.epochs}
  --samples <n>        images that it trains on, default ${FULL.samples}
  --memory-steps <n>   steps of the long training, default ${FULL.memorySteps}
  --quick              a few steps of everything, to see that it works; writes no file
`

/**
 * @param {readonly string[]} args
 * @returns {Options} throws an Error with the usage when they cannot be understood
 */
export function parseOptions(args) {
  const quick = args.includes('--quick')
  /** @type {{-readonly [key in keyof Options]: Options[key]}} */
  const options = { only: PARTS, quick, ...(quick ? QUICK : FULL) }
  for (let i = 0; i < args.length; i++) {
    const name = args[i] ?? ''
    if (name === '--quick') continue
    i += 1
    if (name === '--only') options.only = partsOf(args[i])
    else if (name in NUMBERS) options[NUMBERS[/** @type {keyof typeof NUMBERS} */ (name)]] = positive(name, args[i])
    else throw new Error(`There is no option ${name}.\n${USAGE}`)
  }
  return options
}

/** @param {string | undefined} text @returns {PartNumber[]} */
function partsOf(text) {
  const parts = (text ?? '').split(',')
  const unknown = parts.find((part) => !PARTS.includes(/** @type {PartNumber} */ (part)))
  if (unknown === undefined) return /** @type {PartNumber[]} */ (parts)
  throw new Error(`--only takes parts. Expected some of ${PARTS.join(',')}; received "${text ?? ''}".\n${USAGE}`)
}

/** @param {string} name @param {string | undefined} text */
function positive(name, text) {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`${name} takes a whole number above 0. Received "${text ?? ''}".\n${USAGE}`)
}
