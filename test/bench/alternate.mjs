// Competitors take turns, A B C A B C …, so that whatever else the machine does in a while meets all of them alike.
import { median } from './statistics.mjs'

/**
 * @typedef {{name: string, ask: (message: Record<string, unknown>) => Promise<Record<string, any>>}} Competitor
 * @param {readonly Competitor[]} competitors
 * @param {{rounds: number, steps: number, warmUp: number, say: (line: string) => void}} options
 * @returns {Promise<Record<string, number[]>>} by competitor the median step of each round, in milliseconds
 */
export async function alternate(competitors, { rounds, steps, warmUp, say }) {
  for (const { name, ask } of competitors) {
    const { ms } = await ask({ command: 'steps', count: warmUp })
    say(`${name}: ${warmUp} steps to warm up, the last one ${ms.at(-1).toFixed(1)} ms`)
  }
  /** @type {Record<string, number[]>} */
  const medians = Object.fromEntries(competitors.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const { name, ask } of competitors) {
      const { ms } = await ask({ command: 'steps', count: steps })
      medians[name]?.push(median(ms))
    }
    const shown = Object.entries(medians).map(([name, values]) => `${name} ${values.at(-1)?.toFixed(1)}`)
    say(`round ${round} of ${rounds}: ${shown.join(', ')} ms`)
  }
  return medians
}
