import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeGates, meetsGate, parseGate } from './gates.ts'

describe('parseGate', () => {
  it.each([
    ['>= 0.97', { operator: '>=', value: 0.97 }],
    ['<=200000', { operator: '<=', value: 200_000 }],
    ['  > .5 ', { operator: '>', value: 0.5 }],
    ['< 1e-3', { operator: '<', value: 0.001 }],
    ['== -2', { operator: '==', value: -2 }],
  ])('reads "%s"', (text, gate) => {
    expect(parseGate(text)).toEqual(gate)
  })

  it.each(['', '0.97', '>= ', '=> 0.97', '>= high', '>= 1 2', '>= 0x10', '>= NaN', '>= 1e999', '>= 97%'])(
    'refuses "%s"',
    (text) => {
      expect(parseGate(text)).toBeUndefined()
    },
  )

  it('is quick on a hostile text', () => {
    const started = performance.now()
    parseGate(`>= ${'1'.repeat(50_000)}x`)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('meetsGate', () => {
  it('compares as the operator says, the bound itself included or not', () => {
    const meets = (operator: '>=' | '<=' | '>' | '<' | '==') =>
      [0.9, 1, 1.1].map((actual) => meetsGate({ operator, value: 1 }, actual))
    expect(meets('>=')).toEqual([false, true, true])
    expect(meets('<=')).toEqual([true, true, false])
    expect(meets('>')).toEqual([false, false, true])
    expect(meets('<')).toEqual([true, false, false])
    expect(meets('==')).toEqual([false, true, false])
  })

  it('is met by NaN for no operator', () => {
    const operator = fc.constantFrom('>=', '<=', '>', '<', '==')
    fc.assert(
      fc.property(operator, fc.double({ noNaN: true }), (op, value) => {
        expect(meetsGate({ operator: op as '>=', value }, Number.NaN)).toBe(false)
      }),
    )
  })
})

describe('judgeGates', () => {
  it('says for each gate what was measured and whether it passed', () => {
    expect(judgeGates({ accuracy: '>= 0.97', params: '<= 1000' }, { accuracy: 0.98, params: 1001 })).toEqual([
      { metric: 'accuracy', condition: '>= 0.97', actual: 0.98, passed: true },
      { metric: 'params', condition: '<= 1000', actual: 1001, passed: false },
    ])
  })

  it('fails a gate on a metric that was not measured, and one that is no gate', () => {
    expect(judgeGates({ nll: '< 1', accuracy: 'high' }, { accuracy: 1 })).toEqual([
      { metric: 'nll', condition: '< 1', actual: null, passed: false },
      { metric: 'accuracy', condition: 'high', actual: 1, passed: false },
    ])
  })
})
