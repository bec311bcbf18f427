// NPY, NumPy's file format of one array: a header that is a Python dictionary, then the values.
import { sharedBytes, sharedFloats } from '@stillhouse/engine'
import { invalidData } from './invalid-data.ts'
import { numberReader, type ReadNumber } from './npy-numbers.ts'

export interface Npy {
  /** Name of file and array, for errors. */
  readonly file: string
  readonly shape: readonly number[]
  /** Kind and bytes of a value, e.g. `f4`, `u1`, `b1`. */
  readonly type: string
  /** The value at place `i` in row-major order, whatever the order in the file. */
  readonly at: ReadNumber
}

const MAGIC = '\u0093NUMPY'
/** NumPy's own are some hundred bytes long. */
const LARGEST_HEADER = 2 ** 16

/**
 * @param bytes the whole file
 * @param file its name, for errors
 * @throws TrainingError `data.invalid` for types that are no numbers, for damaged headers and wrong lengths
 */
export function parseNpy(bytes: Uint8Array, file: string): Npy {
  const { header, start } = headerOf(bytes, file)
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const axes = /'shape'\s*:\s*\(([^()]*)\)/.exec(header)?.[1]
  const shape = axes?.split(',').flatMap((axis) => (axis.trim() === '' ? [] : [Number(axis.trim().replace(/L$/, ''))]))
  if (fortran === undefined || shape === undefined || !shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0))
    throw damaged(file, "a header with 'descr', 'fortran_order' and 'shape'", JSON.stringify(header.slice(0, 200)))
  const type = descr?.slice(1) ?? ''
  const body = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start)
  const read = numberReader(type, body, descr?.startsWith('>') !== true)
  if (read === undefined) throw wrongType(file, descr ?? header)
  const length = shape.reduce((product, axis) => product * axis, 1)
  const size = length * Number(type.slice(1))
  if (body.byteLength !== size)
    throw damaged(file, `${size} bytes for ${shape.join('×')} values of type ${descr}`, `${body.byteLength} bytes`)
  return { file, shape, type, at: fortran === 'True' ? rowMajor(shape, read) : read }
}

/** All values in row-major order in shared memory: bytes and truth values as bytes, anything else as float32. */
export function npyValues({ file, shape, type, at }: Npy): Uint8Array | Float32Array {
  const length = shape.reduce((product, axis) => product * axis, 1)
  const values = type === 'u1' || type === 'b1' ? sharedBytes(length) : sharedFloats(length)
  for (let i = 0; i < length; i++) values[i] = at(i)
  const bad = values instanceof Float32Array ? values.findIndex((value) => !Number.isFinite(value)) : -1
  if (bad < 0) return values
  const problem = `value ${bad} (in row-major order) is not a finite float32`
  throw invalidData({ file, problem, expected: 'finite numbers', received: String(at(bad)) })
}

function headerOf(bytes: Uint8Array, file: string): { header: string; start: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, 6))
  if (magic !== MAGIC) throw damaged(file, 'a .npy file, which begins with \\x93NUMPY', JSON.stringify(magic))
  const version = bytes[6] ?? 0
  if (version < 1 || version > 3) throw damaged(file, 'version 1, 2 or 3 of the format', `version ${version}`)
  const start = version === 1 ? 10 : 12
  if (bytes.length < start) throw damaged(file, `a header of ${start} bytes or more`, `${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true))
  if (end > LARGEST_HEADER) throw damaged(file, `a header of at most ${LARGEST_HEADER} bytes`, `${end} bytes`)
  if (bytes.length < end) throw damaged(file, `a header of ${end} bytes`, `${bytes.length} bytes`)
  return { header: new TextDecoder().decode(bytes.subarray(start, end)), start: end }
}

/** Places of a row-major array in one whose first axis changes fastest. */
function rowMajor(shape: readonly number[], read: ReadNumber): ReadNumber {
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1))
  return (i) => {
    let [rest, place] = [i, 0]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] as number
      place += (rest % size) * (strides[axis] as number)
      rest = Math.floor(rest / size)
    }
    return read(place)
  }
}

function damaged(file: string, expected: string, received: string) {
  return invalidData({ file, problem: 'the array is damaged, truncated or not of this format', expected, received })
}

function wrongType(file: string, descr: string) {
  const problem = 'the array has a type that cannot be used (objects, text and records cannot)'
  const expected = 'float16, float32, float64, bool or an integer of up to 64 bits'
  return invalidData({ file, problem, expected, received: JSON.stringify(descr.slice(0, 100)) })
}
