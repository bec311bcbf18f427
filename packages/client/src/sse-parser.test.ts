import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSseParser, type SseMessage } from './sse-parser.ts'

function parse(...pieces: string[]): SseMessage[] {
  const parser = createSseParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

test('id, event and data of a message are read, comments are not', () => {
  expect(parse('retry: 2000\n\n: hello\nid: 7\nevent: note\ndata: {"a":1}\n\n')).toEqual([
    { id: '7', event: 'note', data: '{"a":1}' },
  ])
})

test('several data lines are one text; only one space after the colon is not part of it', () => {
  expect(parse('data: a\ndata:  b\ndata:c\ndata\n\n')).toEqual([{ id: '', event: 'message', data: 'a\n b\nc\n' }])
})

test('the id stays until another comes, event and data do not', () => {
  expect(parse('id: 1\nevent: x\ndata: a\n\ndata: b\n\n')).toEqual([
    { id: '1', event: 'x', data: 'a' },
    { id: '1', event: 'message', data: 'b' },
  ])
})

test('a message without its empty line is not complete', () => {
  expect(parse('data: a\n')).toEqual([])
})

test('a stream means the same however it is cut, with any kind of line break', () => {
  const text = 'id: 1\nevent: note\ndata: one\ndata: two\n\n: comment\n\nid: 2\ndata: {"x": "y:z"}\n\n'
  const expected = parse(text)
  expect(expected).toHaveLength(2)
  fc.assert(
    fc.property(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(100), { maxLength: 20 }), (lineBreak, cuts) => {
      const whole = text.replaceAll('\n', lineBreak)
      const places = [0, ...cuts.map((cut) => cut % whole.length).sort((a, b) => a - b), whole.length]
      const pieces = places.slice(1).map((end, i) => whole.slice(places[i], end))
      // a lone carriage return at the very end waits for the next piece
      expect(parse(...pieces, lineBreak === '\r' ? ':' : '')).toEqual(expected)
    }),
  )
})
