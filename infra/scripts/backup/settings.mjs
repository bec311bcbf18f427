// What backup and restore are told through the environment.

/** @param {string} name @returns {string} */
export function required(name) {
  const value = process.env[name]
  if (!value) fail(`${name} is not set: it is that of the API`)
  return value
}

/** @param {string} message @returns {never} */
export function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
