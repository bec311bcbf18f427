import { expect, test } from 'vitest'
import { decode, messages, text } from '../test/decode-proto.ts'
import { type ProtoWriter, protoWriter } from './proto-writer.ts'

function written(write: (out: ProtoWriter) => void): number[] {
  const out = protoWriter()
  write(out)
  return [...out.finish()]
}

test('numbers are written as in the protocol buffers documentation', () => {
  expect(written((out) => out.varint(1, 150))).toEqual([0x08, 0x96, 0x01])
  expect(written((out) => out.string(2, 'testing'))).toEqual([0x12, 7, ...new TextEncoder().encode('testing')])
  expect(written((out) => out.message(3, (inner) => inner.varint(1, 150)))).toEqual([0x1a, 3, 0x08, 0x96, 0x01])
  expect(written((out) => out.packedVarints(6, [3, 270, 86942]))).toEqual([0x32, 6, 3, 0x8e, 2, 0x9e, 0xa7, 5])
})

test('a negative number takes ten bytes of two’s complement', () => {
  expect(written((out) => out.varint(1, -1))).toEqual([0x08, ...new Array(9).fill(0xff), 0x01])
})

test('a 64-bit number keeps all its bits', () => {
  const [field] = decode(Uint8Array.from(written((out) => out.varint(1, 2n ** 63n - 1n))))
  expect(field?.value).toBe(2n ** 63n - 1n)
})

test('a float is four little-endian bytes', () => {
  expect(written((out) => out.float(4, 1))).toEqual([0x25, 0, 0, 0x80, 0x3f])
  expect(written((out) => out.packedFloats(5, [1, -2]))).toEqual([0x2a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
})

test('an empty packed list writes nothing', () => {
  expect(written((out) => out.packedVarints(1, []))).toEqual([])
  expect(written((out) => out.packedFloats(1, []))).toEqual([])
})

test('nested messages read back in the order they were written', () => {
  const bytes = written((out) => {
    out.message(1, (inner) => inner.string(1, 'first'))
    out.message(1, (inner) => inner.string(1, 'zweite – ü'))
    out.bytes(2, new Uint8Array(300))
  })
  const fields = decode(Uint8Array.from(bytes))
  expect(messages(fields, 1).map((inner) => text(inner, 1))).toEqual(['first', 'zweite – ü'])
  expect(fields[2]?.value).toEqual(new Uint8Array(300))
})

test('field numbers above 15 take a longer tag', () => {
  expect(written((out) => out.varint(16, 1))).toEqual([0x80, 0x01, 1])
})
