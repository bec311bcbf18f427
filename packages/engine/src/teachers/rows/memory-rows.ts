// Tables held in memory: all there is without a cache folder, and what is left when its disk is full.
import { bytesOf, type RowLayout, type RowStore, type Rows, type RowWriter } from './rows.ts'

/** Bytes of one table; larger ones are not held. */
export const MEMORY_LIMIT = 512 * 2 ** 20

export function memoryStore(): RowStore {
  return {
    holds: (layout) => bytesOf(layout) <= MEMORY_LIMIT,
    open: async () => null,
    create: async (_, layout) => memoryWriter(layout, async () => undefined),
  }
}

/** @param finished called with the whole table before it is given out */
export function memoryWriter(layout: RowLayout, finished: (values: Float32Array) => Promise<void>): RowWriter {
  const { count, width } = layout
  const values = new Float32Array(count * width)
  return {
    write: (places, rows) => {
      places.forEach((place, i) => {
        values.set(rows.subarray(i * width, (i + 1) * width), place * width)
      })
    },
    finish: async () => {
      await finished(values)
      return memoryRows(values, width)
    },
    abandon: async () => undefined,
  }
}

export function memoryRows(values: Float32Array, width: number): Rows {
  return {
    read: (places, into) => {
      places.forEach((place, i) => {
        into.set(values.subarray(place * width, (place + 1) * width), i * width)
      })
    },
    close: async () => undefined,
  }
}
