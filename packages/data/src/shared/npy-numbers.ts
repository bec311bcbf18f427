// How NumPy stores numbers: by kind (float, signed, unsigned, truth value), bytes and byte order.

/** The number at place `i` of an array. */
export type ReadNumber = (i: number) => number

/**
 * @param type kind and bytes, e.g. `f4`
 * @returns undefined for anything but a number
 */
export function numberReader(type: string, view: DataView, little: boolean): ReadNumber | undefined {
  switch (type) {
    case 'f2':
      return (i) => halfPrecision(view.getUint16(2 * i, little))
    case 'f4':
      return (i) => view.getFloat32(4 * i, little)
    case 'f8':
      return (i) => view.getFloat64(8 * i, little)
    case 'b1':
      return (i) => (view.getUint8(i) === 0 ? 0 : 1)
    default:
      return integerReader(type, view, little)
  }
}

function integerReader(type: string, view: DataView, little: boolean): ReadNumber | undefined {
  switch (type) {
    case 'u1':
      return (i) => view.getUint8(i)
    case 'i1':
      return (i) => view.getInt8(i)
    case 'u2':
      return (i) => view.getUint16(2 * i, little)
    case 'i2':
      return (i) => view.getInt16(2 * i, little)
    case 'u4':
      return (i) => view.getUint32(4 * i, little)
    case 'i4':
      return (i) => view.getInt32(4 * i, little)
    case 'u8':
      return (i) => Number(view.getBigUint64(8 * i, little))
    case 'i8':
      return (i) => Number(view.getBigInt64(8 * i, little))
    default:
      return undefined
  }
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function halfPrecision(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1
  const exponent = (bits >> 10) & 0x1f
  const fraction = (bits & 0x3ff) / 1024
  if (exponent === 0) return sign * fraction * 2 ** -14
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction) * 2 ** (exponent - 15)
}
