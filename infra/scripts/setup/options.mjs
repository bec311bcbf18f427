// Command line and environment of set-up, read in one place so that --help cannot drift from what is accepted.
import { SetupError } from './setup-error.mjs'

export const HELP = `node infra/scripts/setup.mjs [options]

Sets up whatever is missing: node_modules, native TensorFlow and its binding, PostgreSQL, the Prisma client, the build.
Safe to repeat; takes under a second when nothing is missing.

Options
  --test               also what the tests need: a real Redis, Chromium, TensorFlow for Python and Schemathesis (at most
                       440 MB to download, 1.5 GB on disk)
  --gpu                TensorFlow with CUDA 12 (Linux x86_64; about 3.4 GB to download, 6 GB on disk)
  --cpu                TensorFlow without CUDA (the default; 274 MB to download, 0.9 GB on disk)
  --tensorflow <path>  link to a TensorFlow >= 2.13 that is installed for Python instead of downloading one:
                       the path of its package folder (…/site-packages/tensorflow), or "python" to ask python3
  --quiet              print only when something has to be done
  --help               this text
--gpu, --cpu and --tensorflow are remembered in .stillhouse/setup.json for the next run without them.

Environment
  STILLHOUSE_CACHE       where TensorFlow is kept for all checkouts (default: $XDG_CACHE_HOME or ~/.cache, /stillhouse)
  STILLHOUSE_TENSORFLOW  the same as --tensorflow
  CHROMIUM_PATH          the browser of the tests (default: chromium or google-chrome; else one is downloaded)
  PYTHON, CXX            the Python and the C++ compiler to use (default: python3; g++, c++ or clang++)
  PIP_INDEX_URL, PIP_FIND_LINKS, HTTPS_PROXY, npm_config_registry …   are obeyed by pip and npm as always
`

/**
 * @typedef {{kind: 'cpu'} | {kind: 'gpu'} | {kind: 'linked', path: string}} TensorflowChoice
 * @typedef {{test: boolean, quiet: boolean, help: boolean, tensorflow: TensorflowChoice | undefined, remember: boolean}} Options
 */

/**
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 * @returns {Options} `tensorflow` is undefined when nothing was said about it; `remember` tells a choice on the command
 *   line, which holds for later runs, from one in the environment, which holds while it is set
 */
export function parseOptions(args, env) {
  /** @type {Options} */
  const options = { test: false, quiet: false, help: false, tensorflow: undefined, remember: false }
  const rest = [...args]
  /** @type {string[]} */
  const choices = []
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--test' || arg === '--quiet' || arg === '--help') options[/** @type {'test'} */ (arg.slice(2))] = true
    else if (arg === '-h') options.help = true
    else if (arg === '--gpu' || arg === '--cpu') {
      choices.push(arg)
      options.tensorflow = { kind: arg === '--gpu' ? 'gpu' : 'cpu' }
    } else if (arg === '--tensorflow' || arg.startsWith('--tensorflow=')) {
      choices.push('--tensorflow')
      options.tensorflow = { kind: 'linked', path: optionValue(arg, rest) }
    } else throw new SetupError(`unknown option "${arg}"`, { fix: ['node infra/scripts/setup.mjs --help'] })
  }
  if (new Set(choices).size > 1) throw contradiction(choices)
  options.remember = choices.length > 0
  const linked = env['STILLHOUSE_TENSORFLOW']
  if (!options.tensorflow && linked) options.tensorflow = { kind: 'linked', path: linked }
  return options
}

/**
 * @param {string} arg
 * @param {string[]} rest
 */
function optionValue(arg, rest) {
  const value = arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : rest.shift()
  if (value && !value.startsWith('--')) return value
  throw new SetupError('--tensorflow needs a path', {
    fix: [
      '--tensorflow /path/to/site-packages/tensorflow',
      '--tensorflow python   (asks python3 where its TensorFlow is)',
    ],
  })
}

/** @param {string[]} choices */
function contradiction(choices) {
  return new SetupError(`${choices.join(' and ')} contradict each other`, {
    why: 'each of them chooses the TensorFlow to use',
    fix: ['give only one of --cpu, --gpu, --tensorflow <path>'],
  })
}
