import { ApiError } from '@stillhouse/kit'
import { expect, test } from 'vitest'
import { parseYaml } from './parse-yaml.ts'

function failure(text: string): ApiError {
  try {
    parseYaml(text)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error(`accepted: ${text.slice(0, 80)}`)
}

test('YAML is read as the JSON that it stands for', () => {
  const text = 'name: tiny\ngates:\n  accuracy: ">= 0.97"\nlist: [1, 2.5, true, null, "x"]\ntext: |\n  two\n  lines\n'
  expect(parseYaml(text)).toEqual({
    name: 'tiny',
    gates: { accuracy: '>= 0.97' },
    list: [1, 2.5, true, null, 'x'],
    text: 'two\nlines\n',
  })
})

test('anchors may be used a few times', () => {
  expect(parseYaml('a: &train {epochs: 2}\nb: *train\nc: *train\n')).toEqual({
    a: { epochs: 2 },
    b: { epochs: 2 },
    c: { epochs: 2 },
  })
})

test.each([
  ['a duplicate key', 'name: a\ndata: 1\nname: b\n', 'line 3, column 1'],
  ['a custom tag', 'a: 1\nb: !!js/function "x"\n', 'line 2, column 4'],
  ['a binary tag', 'b: !!binary aGVsbG8=\n', 'line 1, column 4'],
  ['a second document', 'a: 1\n---\nb: 2\n', 'second document'],
  ['an unclosed list', 'a: [1, 2\n', 'line 2, column 1'],
  ['a tab as indentation', 'a:\n\tb: 1\n', 'line 2, column 1'],
  ['an unknown anchor', 'a: *nowhere\n', 'line 1, column 4'],
])('%s is refused with its place', (_what, text, place) => {
  const error = failure(text)
  expect(error.code).toBe('request.unparsable')
  expect(error.message).toContain(place)
})

test('a billion laughs are refused', () => {
  const levels = 'bcdefghi'.split('').map((name, i) => {
    const before = 'abcdefgh'[i]
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`
  })
  expect(failure(`a: &a [${Array(9).fill('lol').join(',')}]\n${levels.join('\n')}\n`).message).toContain('alias')
})

test.each([
  ['brackets', '['.repeat(2 ** 20)],
  ['flow maps', '{a: '.repeat(2 ** 18)],
  ['dashes', '- '.repeat(2 ** 19)],
  ['question marks', '? '.repeat(2 ** 19)],
  ['brackets hidden in quotes', '["]",'.repeat(2 ** 17)],
  ['indentation', Array.from({ length: 1200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['keys', Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join('\n')],
  ['aliases', `a: &a 1\n${Array.from({ length: 50_000 }, (_, i) => `z${i}: *a`).join('\n')}`],
  ['commas', `[${','.repeat(2 ** 20)}]`],
  ['documents', '---\n'.repeat(2 ** 18)],
])('a megabyte of %s is refused in a moment', (_what, text) => {
  const started = performance.now()
  expect(failure(text).code).toBe('request.unparsable')
  expect(performance.now() - started).toBeLessThan(3000)
})
