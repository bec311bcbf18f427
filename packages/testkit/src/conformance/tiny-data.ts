// A data set for the suites: three kinds of 8×8 pattern with noise, every value a function of its place.
import { type Dataset, type Split, sharedFloats } from '@stillhouse/engine'

const SIDE = 8
const CLASSES = 3

export function tinyData(): Dataset {
  return {
    signature: { inputShape: [SIDE, SIDE, 1], classes: CLASSES },
    digest: 'tiny',
    splits: { train: split(96, 1), test: split(32, 2) },
  }
}

function split(size: number, salt: number): Split {
  const width = SIDE * SIDE
  const values = sharedFloats(size * width)
  for (let i = 0; i < size; i++)
    for (let k = 0; k < width; k++) values[i * width + k] = pattern(i % CLASSES, k) + 0.3 * noise(i, k + salt * width)
  return { size, labels: Int32Array.from({ length: size }, (_, i) => i % CLASSES), values, scale: 1 }
}

/** Stripes across, stripes down, or a chequered board. */
function pattern(label: number, place: number): number {
  const [row, column] = [Math.floor(place / SIDE), place % SIDE]
  return [row, column, row + column][label] === undefined ? 0 : (([row, column, row + column][label] ?? 0) >> 1) % 2
}

/** In [0, 1), as good as random for a test. */
function noise(a: number, b: number): number {
  const value = Math.sin(a * 12.9898 + b * 78.233) * 43_758.5453
  return value - Math.floor(value)
}
