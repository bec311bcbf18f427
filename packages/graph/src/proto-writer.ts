// Protocol-buffer wire format, writing only: the little of it that GraphDef and SavedModel need. Fields come out in the
// order they are written, so equal messages have equal bytes.

/** Wire types: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
const VARINT = 0
const DELIMITED = 2
const FOUR_BYTES = 5

/** A message under construction. Every method appends one field. */
export interface ProtoWriter {
  /** int32, int64, bool, enum. Negative numbers take ten bytes, as the format wants. */
  varint(field: number, value: number | bigint): void
  float(field: number, value: number): void
  bytes(field: number, value: Uint8Array): void
  string(field: number, value: string): void
  message(field: number, write: (message: ProtoWriter) => void): void
  /** Packed repeated int32/int64/bool/enum; nothing when empty. */
  packedVarints(field: number, values: readonly number[]): void
  /** Packed repeated float; nothing when empty. */
  packedFloats(field: number, values: readonly number[]): void
  finish(): Uint8Array
}

function varintBytes(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
  return out
}

function floatBytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true)
  })
  return new Uint8Array(view.buffer)
}

export function protoWriter(): ProtoWriter {
  const parts: Uint8Array[] = []
  const tag = (field: number, wire: number) => parts.push(Uint8Array.from(varintBytes((field << 3) | wire)))
  const delimited = (field: number, value: Uint8Array) => {
    tag(field, DELIMITED)
    parts.push(Uint8Array.from(varintBytes(value.length)), value)
  }
  return {
    varint(field, value) {
      tag(field, VARINT)
      parts.push(Uint8Array.from(varintBytes(value)))
    },
    float(field, value) {
      tag(field, FOUR_BYTES)
      parts.push(floatBytes([value]))
    },
    bytes: delimited,
    string: (field, value) => delimited(field, new TextEncoder().encode(value)),
    message(field, write) {
      const inner = protoWriter()
      write(inner)
      delimited(field, inner.finish())
    },
    packedVarints(field, values) {
      if (values.length > 0) delimited(field, Uint8Array.from(values.flatMap(varintBytes)))
    },
    packedFloats(field, values) {
      if (values.length > 0) delimited(field, floatBytes(values))
    },
    finish: () => Buffer.concat(parts),
  }
}
