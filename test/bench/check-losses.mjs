// A benchmark of different computations is worthless: before anything is timed, every competitor shows the losses of its
// first steps from the same weights on the same batches.

const STEPS = 3
/** Relative; float32 sums in another order differ by about 1e-6, and a wrong formula by far more than this. */
const TOLERANCE = 1e-4

/**
 * @typedef {{largestDifference: number, tolerance: number, losses: Record<string, number[]>}} LossCheck
 * @param {readonly import('./alternate.mjs').Competitor[]} competitors the first is what the others are compared with
 * @returns {Promise<LossCheck>}
 */
export async function checkLosses(competitors) {
  /** @type {Record<string, number[]>} */
  const losses = {}
  /** @type {Record<string, number[]>} */
  const asTimed = {}
  for (const { name, ask } of competitors) {
    const answer = await ask({ command: 'losses', count: STEPS })
    losses[name] = answer['losses']
    if (answer['asTimed']) asTimed[name] = answer['asTimed']
  }
  const largestDifference = Math.max(compare(losses), compare(asTimed))
  return { largestDifference, tolerance: TOLERANCE, losses }
}

/**
 * @param {Record<string, number[]>} losses by competitor
 * @returns {number} largest relative difference from the first
 */
export function compare(losses) {
  const [first, ...others] = Object.entries(losses)
  if (!first) return 0
  const [reference, expected] = first
  const differences = others.map(([name, received]) => {
    const difference = Math.max(
      ...expected.map((loss, i) => Math.abs((received[i] ?? Number.NaN) - loss) / Math.abs(loss)),
    )
    if (difference <= TOLERANCE) return difference
    throw new Error(
      `${name} does not compute what ${reference} does. Expected losses ${expected.join(', ')}; received ${received.join(', ')}.`,
    )
  })
  return Math.max(0, ...differences)
}
