// IDX, the file format of MNIST: a magic number, the size of each axis, then one byte per value.
import { invalidData } from './invalid-data.ts'

export interface Idx {
  /** Size of each axis. */
  readonly shape: readonly number[]
  readonly values: Uint8Array
}

/** Type byte for unsigned bytes in the magic number. */
const UNSIGNED_BYTE = 0x08

/**
 * @param bytes the whole file
 * @param file its name, for errors
 * @param axes how many axes there must be
 * @throws TrainingError `data.invalid` on another type, another number of axes, or a length that does not fit the header
 */
export function parseIdx(bytes: Uint8Array, file: string, axes: number): Idx {
  const header = 4 + 4 * axes
  if (bytes.length < header) {
    const received = `${bytes.length} bytes`
    throw invalidData({ file, problem: 'the file is truncated', expected: `a header of ${header} bytes`, received })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = (UNSIGNED_BYTE << 8) | axes
  if (view.getUint32(0) !== magic) {
    const problem = 'not an IDX file of this kind'
    throw invalidData({ file, problem, expected: `magic number ${hex(magic)}`, received: hex(view.getUint32(0)) })
  }
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis))
  const length = header + shape.reduce((product, size) => product * size, 1)
  if (bytes.length !== length) {
    const problem = bytes.length < length ? 'the file is truncated' : 'the file is longer than its header says'
    const expected = `${length} bytes for ${shape.join('×')} values`
    throw invalidData({ file, problem, expected, received: `${bytes.length} bytes` })
  }
  return { shape, values: bytes.subarray(header) }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
