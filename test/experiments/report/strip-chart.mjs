// One line per arm, a dot per seed, all on one scale: shows at a glance whether arms overlap.

const WIDTH = 48

/**
 * @param {readonly {name: string, values: readonly number[]}[]} rows
 * @param {(value: number) => string} show the ends of the scale
 */
export function stripChart(rows, show) {
  const all = rows.flatMap(({ values }) => values)
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const pad = Math.max(...rows.map(({ name }) => name.length))
  const place = (/** @type {number} */ value) =>
    most === least ? WIDTH >> 1 : Math.round(((value - least) / (most - least)) * (WIDTH - 1))
  const lines = rows.map(({ name, values }) => {
    const counts = Array.from({ length: WIDTH }, () => 0)
    for (const value of values) counts[place(value)] = (counts[place(value)] ?? 0) + 1
    const cells = counts.map((count) => (count === 0 ? '·' : count === 1 ? '•' : String(count)))
    return `${name.padEnd(pad)}  ${cells.join('')}`
  })
  const ends = `${show(least)}${show(most).padStart(WIDTH - show(least).length)}`
  return [...lines, `${' '.repeat(pad)}  ${ends}`].join('\n')
}
