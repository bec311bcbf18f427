// The one check that runs before anything else is loaded; plain syntax on purpose (see setup.mjs).

/** The oldest Node that every dependency in package-lock.json accepts. */
const OLDEST_NODE = '20.19.0'

/**
 * @param {string} version as in process.versions.node
 * @returns {string} the text to print, or '' when the version will do
 */
export function nodeTooOld(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return ''
  return [
    `✗ Node ${version} is too old`,
    `  why  Stillhouse and its dependencies need Node ${OLDEST_NODE} or newer (20, 22 and 24 are tested)`,
    '  do   nvm install 22        (a Node version manager, no root needed)',
    '  do   or install Node 22 from your distribution or the Node.js download page, then run this again',
    '',
  ].join('\n')
}
