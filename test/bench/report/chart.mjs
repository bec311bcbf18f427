// Charts of characters: they are drawn wherever a Markdown file is read, a terminal included.

const FULL = '█'
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const WIDTH = 40

/**
 * One bar per row, to scale from 0.
 * @param {readonly {name: string, value: number, shown: string}[]} rows
 */
export function barChart(rows) {
  const most = Math.max(...rows.map(({ value }) => value))
  const pad = Math.max(...rows.map(({ name }) => name.length))
  return rows.map(({ name, value, shown }) => `${name.padEnd(pad)}  ${bar((value / most) * WIDTH)} ${shown}`).join('\n')
}

/** @param {number} length in characters */
function bar(length) {
  const eighths = Math.round(length * 8)
  return FULL.repeat(eighths >> 3) + (PARTS[eighths & 7] ?? '')
}

/**
 * Points in a grid, the y axis from 0 so that growth shows at its true size.
 * @param {readonly (readonly [x: number, y: number])[]} points
 * @param {{x: string, y: string, width?: number, height?: number}} axes names
 */
export function dotChart(points, { x, y, width = 72, height = 10 }) {
  const mostX = Math.max(...points.map(([px]) => px))
  const mostY = Math.max(...points.map(([, py]) => py))
  const grid = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '))
  for (const [px, py] of points) {
    const row = height - 1 - Math.round((py / mostY) * (height - 1))
    const column = Math.round((px / mostX) * (width - 1))
    const line = grid[row]
    if (line) line[column] = '•'
  }
  const label = String(Math.round(mostY))
  const side = (/** @type {number} */ i) => (i === 0 ? label : i === height - 1 ? '0' : '').padStart(label.length)
  const lines = grid.map((cells, i) => `${side(i)} ┤${cells.join('')}`.trimEnd())
  const axis = `${' '.repeat(label.length)} └${'─'.repeat(width)}`
  const ends = `${' '.repeat(label.length)}  0${`${mostX} ${x}`.padStart(width - 1)}`
  return [y, ...lines, axis, ends].join('\n')
}
