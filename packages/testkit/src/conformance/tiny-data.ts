// A data set for the suites: three kinds of 8×8 pattern with noise, every value a function of its place.
import type { Dataset, Split } from '@stillhouse/engine'

const SIDE = 8
const CLASSES = 3

/** @param onRead called before each batch of training samples is read */
export function tinyData(onRead: () => void = () => undefined): Dataset {
  return {
    signature: { inputShape: [SIDE, SIDE, 1], classes: CLASSES },
    digest: 'tiny',
    splits: { train: split(96, 1, onRead), test: split(32, 2, () => undefined) },
  }
}

function split(size: number, salt: number, onRead: () => void): Split {
  const width = SIDE * SIDE
  return {
    size,
    labels: Int32Array.from({ length: size }, (_, i) => i % CLASSES),
    read(indices, into) {
      onRead()
      for (const [i, index] of indices.entries())
        for (let k = 0; k < width; k++)
          into[i * width + k] = pattern(index % CLASSES, k) + 0.3 * noise(index, k + salt * width)
    },
  }
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
