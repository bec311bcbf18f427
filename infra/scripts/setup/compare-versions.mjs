// Version numbers as dotted integers: enough for Node, TensorFlow, Redis and pip, whose suffixes (rc1, +cpu) do not
// decide anything here.

/**
 * @param {string} left
 * @param {string} right
 * @returns {number} negative when left is older, 0 when equal, positive when newer; missing parts count as 0
 */
export function compareVersions(left, right) {
  const a = numbersOf(left)
  const b = numbersOf(right)
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** @param {string} version */
function numbersOf(version) {
  const match = /\d+(\.\d+)*/.exec(version)
  if (!match) throw new Error(`not a version number: "${version}"`)
  return match[0].split('.').map(Number)
}
