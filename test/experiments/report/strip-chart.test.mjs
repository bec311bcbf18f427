import { describe, expect, it } from 'vitest'
import { stripChart } from './strip-chart.mjs'

const show = (/** @type {number} */ value) => value.toFixed(1)

describe('stripChart', () => {
  it('puts the least at the left end and the most at the right, on one scale', () => {
    const [first = '', second = '', ends = ''] = stripChart(
      [
        { name: 'a', values: [1, 2] },
        { name: 'bb', values: [3] },
      ],
      show,
    ).split('\n')
    expect(first.indexOf('•')).toBe('bb  '.length)
    expect(second.indexOf('•')).toBe(second.length - 1)
    expect(ends.trim()).toMatch(/^1\.0 +3\.0$/)
    expect(ends).toHaveLength(first.length)
  })

  it('counts seeds that fall on one place', () => {
    expect(stripChart([{ name: 'a', values: [0, 1, 1] }], show)).toContain('2')
  })

  it('draws equal values in the middle', () => {
    expect(
      stripChart([{ name: 'a', values: [5, 5, 5] }], show)
        .split('\n')[0]
        ?.indexOf('3'),
    ).toBe(27)
  })
})
