import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { faultsFromSchemaErrors } from './fault.ts'

const schema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z]+$', patternErrorMessage: 'small letters' }),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
    mode: Type.Optional(Type.Enum(['fast', 'slow'])),
    list: Type.Optional(Type.Array(Type.Number(), { maxItems: 2 })),
    source: Type.Optional(
      Type.Union([
        Type.Object({ job: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
        Type.Object({ upload: Type.String({ maxLength: 4 }) }, { additionalProperties: false }),
      ]),
    ),
    outcome: Type.Optional(
      Type.Union([
        Type.Object({ kind: Type.Literal('done'), steps: Type.Integer() }, { additionalProperties: false }),
        Type.Object({ kind: Type.Literal('failed'), steps: Type.Integer(), code: Type.String() }),
      ]),
    ),
    maybe: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
    'a/b~c': Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

function faults(value: unknown, prefix?: string) {
  return faultsFromSchemaErrors(Compile(schema).Errors(value), value, schema, prefix)
}

describe('faultsFromSchemaErrors', () => {
  it('finds nothing wrong with a value that fits', () => {
    expect(faults({ name: 'a', source: { upload: 'x' }, maybe: null })).toEqual([])
  })

  it('says what is missing, with what it should be', () => {
    expect(faults({})).toEqual([
      { path: '/name', message: 'name is missing', expected: 'small letters', received: 'nothing' },
    ])
  })

  it('names an unknown field once, with the field that was probably meant', () => {
    expect(faults({ name: 'a', cuont: 1 })).toEqual([
      {
        path: '/cuont',
        message: 'unknown field cuont',
        expected: 'one of name, count, mode, list, source, outcome, maybe, a/b~c',
        received: 'cuont',
        suggestion: 'count',
      },
    ])
  })

  it('tells a wrong type apart from a value that looks the same', () => {
    expect(faults({ name: 'a', count: '3' })).toEqual([
      {
        path: '/count',
        message: 'must be integer',
        expected: 'a whole number >= 1 and <= 9',
        received: 'the text "3"',
      },
    ])
  })

  it('gives the range of a number that is out of it', () => {
    expect(faults({ name: 'a', count: 12 })).toEqual([
      { path: '/count', message: 'must be <= 9', expected: 'a whole number >= 1 and <= 9', received: '12' },
    ])
  })

  it('lists the allowed values and suggests one', () => {
    expect(faults({ name: 'a', mode: 'fsat' })).toEqual([
      {
        path: '/mode',
        message: 'not one of the allowed values',
        expected: 'one of fast, slow',
        received: 'fsat',
        suggestion: 'fast',
      },
    ])
  })

  it('describes a text of the wrong form in words, never with a regular expression', () => {
    expect(faults({ name: 'A1' })).toEqual([
      { path: '/name', message: 'does not have the expected form', expected: 'small letters', received: 'A1' },
    ])
  })

  it('says what is wrong with the form of a union that was meant, and nothing about the others', () => {
    const [fault, ...others] = faults({ name: 'a', source: { job: 'nope' } })
    expect(others).toEqual([])
    expect(fault).toMatchObject({ path: '/source/job', received: 'nope', expected: expect.stringContaining('a UUID') })
  })

  it('knows the form that was meant by a field of one value', () => {
    expect(faults({ name: 'a', outcome: { kind: 'failed', steps: 'x', code: 'c' } })).toEqual([
      { path: '/outcome/steps', message: 'must be integer', expected: 'a whole number', received: 'the text "x"' },
    ])
  })

  it('reports a value that may be null as what it is otherwise', () => {
    expect(faults({ name: 'a', maybe: -1 })).toEqual([
      { path: '/maybe', message: 'must be >= 0', expected: 'a whole number >= 0', received: '-1' },
    ])
  })

  it.each([
    ['both forms at once', { job: 'a', upload: 'b' }],
    ['neither form', {}],
    ['something else altogether', 'mnist'],
  ])('gives one fault for a union that is given %s', (_what, source) => {
    expect(faults({ name: 'a', source })).toEqual([
      {
        path: '/source',
        message: 'fits none of the allowed forms',
        expected: '{job} or {upload}',
        received: typeof source === 'string' ? source : JSON.stringify(source),
      },
    ])
  })

  it('suggests the field of a union that was mistyped', () => {
    expect(faults({ name: 'a', source: { uplaod: 'x' } })).toMatchObject([{ path: '/source', suggestion: 'upload' }])
  })

  it('points into lists, and escapes names with slashes and tildes', () => {
    expect(faults({ name: 'a', list: [1, 'two'], 'a/b~c': 1 })).toMatchObject([
      { path: '/list/1', received: 'the text "two"' },
      { path: '/a~1b~0c', expected: 'true or false', received: 'the number 1' },
    ])
  })

  it('puts the prefix before every path', () => {
    expect(faults({}, '/student/params')).toMatchObject([{ path: '/student/params/name' }])
    expect(faults(7, '/student/params')).toMatchObject([{ path: '/student/params', received: 'the number 7' }])
  })

  it('lists a hundred faults, but cannot be made to list a hundred thousand', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, i]))
    expect(faults({ name: 'a', ...many(100) })).toHaveLength(100)
    expect(faults({ name: 'a', list: Array.from({ length: 100_000 }, () => 'x') }).length).toBeLessThan(1000)
  })

  it('cuts a long received value short', () => {
    const [fault] = faults({ name: 'X'.repeat(10_000) })
    expect(fault?.received.length).toBeLessThan(200)
  })
})
