// NumPy arrays for tests, written as NumPy writes them.

export interface NpyFile {
  /** As in NumPy, e.g. `<f4`. */
  readonly descr: string
  readonly shape: readonly number[]
  /** The values as they lie in the file. */
  readonly body: Uint8Array
  readonly fortran?: boolean
  readonly version?: 1 | 2 | 3
}

export function npyFile({ descr, shape, body, fortran = false, version = 1 }: NpyFile): Buffer {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const order = fortran ? 'True' : 'False'
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${axes}), }`
  const prefix = version === 1 ? 10 : 12
  const padded = `${text}${' '.repeat((64 - ((prefix + text.length + 1) % 64)) % 64)}\n`
  const head = Buffer.alloc(prefix)
  head.write('\u0093NUMPY', 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(padded.length, 8)
  else head.writeUInt32LE(padded.length, 8)
  return Buffer.concat([head, Buffer.from(padded), body])
}

/** Bytes of a typed array. */
export function bodyOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
