// The command line of the experiments.

export const USAGE = `npm run experiments -- <slug> [options]     one method: runs its definition, writes its page
npm run experiments -- --summary            writes docs/methods/README.md from the results there are
  --seeds <n>        seeds 1 to n, at least 3, default: as many as the definition says
  --tune             compares the definition's candidates on held-out training samples of other seeds
  --page             writes the page again from the results there are; runs nothing
  --quick            one seed and a few steps, to see that it works; writes no file
  --teachers <dir>   keeps trained teachers there for other experiments; default: for this one only
`

/**
 * @typedef {'run' | 'tune' | 'page' | 'quick' | 'summary'} Mode
 * @typedef {{slug: string | null, mode: Mode, seeds: number | null, teachers: string | null}} Options
 */

/** @type {readonly Mode[]} */
const MODES = ['tune', 'page', 'quick', 'summary']

/**
 * @param {readonly string[]} args
 * @returns {Options} throws an Error with the usage when they cannot be understood
 */
export function parseOptions(args) {
  /** @type {Options} */
  const options = { slug: null, mode: 'run', seeds: null, teachers: null }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    const mode = MODES.find((name) => arg === `--${name}`)
    if (mode !== undefined && options.mode === 'run') options.mode = mode
    else if (arg === '--seeds') options.seeds = positive(args[++i])
    else if (arg === '--teachers' && args[i + 1] !== undefined) options.teachers = args[++i] ?? null
    else if (/^[a-z][a-z0-9-]*$/.test(arg) && options.slug === null) options.slug = arg
    else throw new Error(`Cannot understand "${arg}".\n${USAGE}`)
  }
  if ((options.slug === null) !== (options.mode === 'summary'))
    throw new Error(`Expected either the name of a method or --summary.\n${USAGE}`)
  return options
}

/** @param {string | undefined} text */
function positive(text) {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--seeds takes a whole number above 0. Received "${text ?? ''}".\n${USAGE}`)
}
