// A table of float32 rows that is filled once and then read in any order.

export interface RowLayout {
  /** Rows. */
  readonly count: number
  /** Values in a row. */
  readonly width: number
}

export interface Rows {
  /** Writes the rows at `places` one after another into `into`. */
  read(places: Int32Array, into: Float32Array): void
  close(): Promise<void>
}

export interface RowWriter {
  /** Puts the i-th of `rows` at `places[i]`. Rows that are never put are zero. */
  write(places: Int32Array, rows: Float32Array): void
  /** @returns the table, or null when there was no room for it */
  finish(): Promise<Rows | null>
  /** Leaves nothing behind; also after `finish`, where it changes nothing. */
  abandon(): Promise<void>
}

/** Where tables are kept. */
export interface RowStore {
  /** Whether a table of this size may be kept. */
  holds(layout: RowLayout): boolean
  /** The whole table under that key, or null. */
  open(key: string, layout: RowLayout): Promise<Rows | null>
  create(key: string, layout: RowLayout): Promise<RowWriter>
}

export function bytesOf({ count, width }: RowLayout): number {
  return count * width * Float32Array.BYTES_PER_ELEMENT
}
