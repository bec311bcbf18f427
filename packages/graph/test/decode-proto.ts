// The protocol-buffer wire format, read back: enough to check what the writer wrote without trusting it.

export type Field = { readonly field: number; readonly value: bigint | Uint8Array }

function readVarint(bytes: Uint8Array, start: number): [bigint, number] {
  let value = 0n
  let at = start
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++]
    if (byte === undefined) throw new Error('The message ends within a varint.')
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return [value, at]
  }
}

/** The fields of one message, in order; fixed-size values as bytes. */
export function decode(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  let at = 0
  while (at < bytes.length) {
    const [tag, afterTag] = readVarint(bytes, at)
    const field = Number(tag >> 3n)
    const wire = Number(tag & 7n)
    if (wire === 0) {
      const [value, next] = readVarint(bytes, afterTag)
      fields.push({ field, value })
      at = next
    } else {
      const [length, start] = wire === 2 ? readVarint(bytes, afterTag) : [wire === 5 ? 4n : 8n, afterTag]
      at = start + Number(length)
      if (at > bytes.length) throw new Error('The message ends within a field.')
      fields.push({ field, value: Uint8Array.from(bytes.subarray(start, at)) })
    }
  }
  return fields
}

/** The nested messages under a field number. */
export function messages(fields: readonly Field[], field: number): Field[][] {
  return fields.filter((entry) => entry.field === field).map(({ value }) => decode(value as Uint8Array))
}

/** The text of the first field with a number. */
export function text(fields: readonly Field[], field: number): string {
  const found = fields.find((entry) => entry.field === field)
  return new TextDecoder().decode(found?.value as Uint8Array)
}
