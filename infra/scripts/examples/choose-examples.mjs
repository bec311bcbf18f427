// Which of the jobs under examples/ a command line names.
import path from 'node:path'

export const USAGE = `npm run examples [-- <name> …]     runs these jobs of examples/ on a local stack; default: all
`

/**
 * @param {readonly string[]} files relative to examples/
 * @param {readonly string[]} names none: all
 * @returns {string[]} in alphabetical order; throws an Error for a name that there is not
 */
export function chooseExamples(files, names) {
  const nameOf = (/** @type {string} */ file) => path.basename(file, '.yaml')
  const unknown = names.filter((name) => !files.some((file) => nameOf(file) === name))
  if (unknown.length > 0)
    throw new Error(
      `There is no example ${unknown.join(', ')}. Expected names among ${files.map(nameOf).sort().join(', ')}.\n${USAGE}`,
    )
  return files.filter((file) => names.length === 0 || names.includes(nameOf(file))).sort()
}
