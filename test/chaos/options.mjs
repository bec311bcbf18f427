// The command line of the chaos run.

export const USAGE = `npm run chaos -- [options]
  --backend <name>   redis, postgres or both (the default)
  --seed <n>         of the faults' order, targets and lengths; default 1
  --jobs <n>         default 100
  --faults <n>       default: six for every ten jobs
  --minutes <n>      gives up after so long, per backend; default 30
  --page             writes docs/chaos.md again from the results there are; runs nothing
  --dry              writes no file
  --keep             leaves logs and files of the run where they are, and says where
A run of fewer than 100 jobs writes no file either: the page tells of the full form.
`

/** What a run must have for its results to be written. */
export const FULL_JOBS = 100
const FAULTS_PER_JOB = 0.6

/**
 * @typedef {'redis' | 'postgres'} Backend
 * @typedef {{backends: Backend[], seed: number, jobs: number, faults: number, minutes: number, page: boolean, dry: boolean, keep: boolean}} Options
 */

/**
 * @param {readonly string[]} args
 * @returns {Options} throws an Error with the usage when they cannot be understood
 */
export function parseOptions(args) {
  const found = {
    backend: 'both',
    seed: 1,
    jobs: FULL_JOBS,
    faults: 0,
    minutes: 30,
    page: false,
    dry: false,
    keep: false,
  }
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const name = arg.replace(/^--/, '')
    if (arg === '--backend') found.backend = String(rest.shift())
    else if (['--seed', '--jobs', '--faults', '--minutes'].includes(arg)) found[name] = positive(arg, rest.shift())
    else if (['--page', '--dry', '--keep'].includes(arg)) found[name] = true
    else throw new Error(`Cannot understand "${arg}".\n${USAGE}`)
  }
  const { backend, ...options } = found
  return { ...options, faults: found.faults || Math.ceil(FAULTS_PER_JOB * found.jobs), backends: backendsOf(backend) }
}

/** @param {string} name @returns {Backend[]} */
function backendsOf(name) {
  if (name === 'both') return ['redis', 'postgres']
  if (name === 'redis' || name === 'postgres') return [name]
  throw new Error(`--backend takes redis, postgres or both. Received "${name}".\n${USAGE}`)
}

/** @param {string} option @param {string | undefined} text */
function positive(option, text) {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`${option} takes a whole number above 0. Received "${text ?? ''}".\n${USAGE}`)
}
