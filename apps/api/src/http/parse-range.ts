// Range requests (RFC 9110 §14): single byte ranges. What is not understood is answered with the whole content, as the
// RFC wants; only a range that lies outside is an error.

export interface ByteRange {
  readonly start: number
  /** Inclusive. */
  readonly end: number
}

/** The range asked for, `whole` when there is none to honour, `unsatisfiable` when it lies outside of `size` bytes. */
export function parseRange(header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '')
  if (match === null) return 'whole'
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? 'whole' : suffixRange(Number(last), size)
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'whole'
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

function suffixRange(length: number, size: number): ByteRange | 'unsatisfiable' {
  if (length === 0 || size === 0) return 'unsatisfiable'
  return { start: Math.max(0, size - length), end: size - 1 }
}
