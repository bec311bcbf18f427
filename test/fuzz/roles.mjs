// Whose key each run of the fuzzer holds, what it may see with it, and what it must not.

/** @typedef {import('./seed.mjs').Content} Content */
/** @typedef {import('./seed.mjs').Holding} Holding */

/**
 * `coverage` sends the boundaries of every parameter, `fuzzing` draws requests, `stateful` follows ids from call to call.
 * @typedef {'coverage' | 'fuzzing' | 'stateful'} Phase
 * @typedef {{
 *   name: string, key: string | null, own: Holding, foreign: Holding | null,
 *   peers: Record<string, string> | null,
 * }} Role `peers`: keys by name that must not see each other's objects
 */

/** Boundaries are the same whoever asks, so they are sent by those whose requests get furthest. */
export const ROLES = /** @type {const} */ ({
  'admin of red': ['coverage', 'fuzzing', 'stateful'],
  'writer of blue': ['fuzzing', 'stateful'],
  'reader of red': ['fuzzing'],
  worker: ['coverage', 'fuzzing', 'stateful'],
  cluster: ['fuzzing', 'stateful'],
  nobody: ['fuzzing'],
})
/** @typedef {keyof typeof ROLES} RoleName */

/**
 * @param {RoleName} name
 * @param {{content: Content, clusterKey: string, workerKey: string}} context
 * @returns {Role}
 */
export function roleOf(name, { content: { red, blue }, clusterKey, workerKey }) {
  const peers = { red: red.keys.admin, blue: blue.keys.admin }
  const both = { ...red, ids: joined(red.ids, blue.ids) }
  const ofCluster = { name, own: both, foreign: null, peers: null }
  switch (name) {
    case 'admin of red':
      return { name, key: red.keys.admin, own: red, foreign: blue, peers }
    case 'writer of blue':
      return { name, key: blue.keys.writer, own: blue, foreign: red, peers: { ...peers, blue: blue.keys.writer } }
    case 'reader of red':
      return { name, key: red.keys.reader, own: red, foreign: blue, peers: { ...peers, red: red.keys.reader } }
    case 'worker':
      return { ...ofCluster, key: workerKey }
    case 'cluster':
      return { ...ofCluster, key: clusterKey }
    case 'nobody':
      return { ...ofCluster, key: null }
  }
}

/** @param {Record<string, string[]>} a @param {Record<string, string[]>} b */
function joined(a, b) {
  return Object.fromEntries(
    Object.keys(a).map((kind) => [kind, [...new Set([...(a[kind] ?? []), ...(b[kind] ?? [])])]]),
  )
}
