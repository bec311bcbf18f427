// Proves that the binding loads here and computes, and turns the ways in which that fails into advice.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OLDEST_TENSORFLOW } from './choose-tensorflow.mjs'
import { compareVersions } from './compare-versions.mjs'
import { lastLines, runCommand } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'

const PROBE = fileURLToPath(new URL('./probe-tensorflow.mjs', import.meta.url))
const EXPECTED_SUM = 8 * 8 * 8 * 2 * 0.25

/**
 * @param {{root: string, env: Record<string, string | undefined>, logs: string, folder: string}} context
 * @returns {Promise<{tensorflow: string, tfjs: string}>} the versions found
 */
export async function verifyTensorflow({ root, env, logs, folder }) {
  const result = await runCommand(process.execPath, [PROBE, root], {
    env: { ...env, TF_CPP_MIN_LOG_LEVEL: '2' },
    log: join(logs, 'verify-tensorflow.log'),
  })
  const answer = /^\{.*\}$/m.exec(result.output)?.[0]
  if (result.code !== 0 || !answer) throw loadFailed(result, folder)
  const found = JSON.parse(answer)
  if (found.sum !== EXPECTED_SUM) {
    throw new SetupError(`TensorFlow computes wrongly: a sum is ${found.sum} instead of ${EXPECTED_SUM}`, {
      fix: [removeAndRepeat(folder)],
    })
  }
  if (compareVersions(found.tensorflow, OLDEST_TENSORFLOW) < 0) {
    throw new SetupError(
      `the TensorFlow in ${folder} says it is ${found.tensorflow}; ${OLDEST_TENSORFLOW} or newer is needed`,
      { fix: ['--cpu'] },
    )
  }
  return found
}

/**
 * @param {import('./run-command.mjs').CommandResult} result
 * @param {string} folder
 */
export function loadFailed(result, folder) {
  const errors = result.output.split('\n').filter((line) => /error/i.test(line) && !/^\s+at |^\s+code:/.test(line))
  const detail = lastLines(errors.length > 0 ? errors.join('\n') : result.output, 3)
  if (result.signal === 'SIGILL') {
    return new SetupError('TensorFlow does not run on this processor', {
      why: "it ended with an illegal instruction: TensorFlow's published libraries need AVX (Intel 2011, AMD 2011 and later)",
      fix: [
        'use a newer machine; in a virtual machine, pass the CPU type through (host CPU)',
        'or link to a TensorFlow built for this processor: --tensorflow <path>',
      ],
    })
  }
  if (/GLIBCXX_|CXXABI_/.test(result.output)) {
    return new SetupError('the C++ runtime library of this system is too old for TensorFlow', {
      detail,
      why: 'libstdc++.so.6 lacks a version that TensorFlow was linked to',
      fix: [
        'upgrade libstdc++ (Debian: libstdc++6, Fedora: libstdc++)',
        'or use a newer distribution, or a container: node:22-bookworm',
      ],
    })
  }
  const end = result.signal ? `ended by ${result.signal}` : `exit code ${result.code}`
  return new SetupError(`TensorFlow was set up but does not load (${end})`, {
    detail,
    why: 'its libraries may be damaged, or do not fit this system',
    fix: [removeAndRepeat(folder)],
  })
}

/** @param {string} folder */
function removeAndRepeat(folder) {
  return `rm -r '${folder}'   then run the same command again: it is installed anew`
}
