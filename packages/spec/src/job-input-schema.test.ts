import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { jobInputSchema } from './job-input-schema.ts'

const entry = (name: string) => ({
  name,
  title: name,
  parameters: Type.Object({ rate: Type.Number({ minimum: 0, default: 1 }) }, { additionalProperties: false }),
})
const shelves = {
  methods: [entry('kd'), entry('none')],
  models: [entry('mlp')],
  data: [entry('mnist')],
  exports: [entry('tfjs-layers')],
}
const job = {
  name: 'digits',
  data: { name: 'mnist' },
  student: { model: 'mlp' },
  method: { name: 'kd' },
  train: { epochs: 3 },
}
const accepts = (schema: object, value: unknown) => Compile(schema).Check(value)

describe('jobInputSchema', () => {
  it('takes a job without anything that has a default', () => {
    expect(accepts(jobInputSchema(), job)).toBe(true)
  })

  it('knows the short form for one teacher', () => {
    expect(accepts(jobInputSchema(), { ...job, teacher: { model: 'mlp', train: { steps: 9 } } })).toBe(true)
  })

  it.each([
    ['an unknown field', { ...job, prority: 3 }],
    ['a missing method', { ...job, method: undefined }],
    ['no length of training', { ...job, train: {} }],
    ['two lengths of training', { ...job, train: { epochs: 1, steps: 1 } }],
    ['a gate that is none', { ...job, gates: { accuracy: 'high' } }],
  ])('refuses %s', (_what, value) => {
    expect(accepts(jobInputSchema(), JSON.parse(JSON.stringify(value)))).toBe(false)
  })

  it('checks names and parameters of entries when it knows the shelves', () => {
    const schema = jobInputSchema(shelves)
    expect(accepts(schema, { ...job, method: { name: 'kd', params: { rate: 2 } } })).toBe(true)
    expect(accepts(schema, { ...job, method: { name: 'kd', params: {} } })).toBe(true)
    expect(accepts(schema, { ...job, method: { name: 'kd', params: { rate: -1 } } })).toBe(false)
    expect(accepts(schema, { ...job, method: { name: 'kd', params: { rat: 1 } } })).toBe(false)
    expect(accepts(schema, { ...job, student: { model: 'mpl' } })).toBe(false)
    expect(accepts(schema, { ...job, teachers: [{ model: 'mlp', params: { rate: 'x' } }] })).toBe(false)
  })

  it('is plain JSON', () => {
    const schema = jobInputSchema(shelves)
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
  })
})
