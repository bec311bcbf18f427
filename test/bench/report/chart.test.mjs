import { describe, expect, it } from 'vitest'
import { barChart, dotChart } from './chart.mjs'

describe('barChart', () => {
  it('draws bars to one scale, names padded to the longest', () => {
    const rows = [
      { name: 'a', value: 10, shown: '10 ms' },
      { name: 'long', value: 2.5, shown: '2.5 ms' },
    ]
    expect(barChart(rows).split('\n')).toEqual([`a     ${'█'.repeat(40)} 10 ms`, `long  ${'█'.repeat(10)} 2.5 ms`])
  })
})

describe('dotChart', () => {
  it('puts the largest value into the top right corner and starts both axes at 0', () => {
    const points = /** @type {[number, number][]} */ ([
      [0, 0],
      [10, 50],
    ])
    const lines = dotChart(points, { x: 'steps', y: 'MiB', width: 11, height: 3 }).split('\n')
    expect(lines).toEqual([
      'MiB',
      `50 ┤${' '.repeat(10)}•`,
      '   ┤',
      ' 0 ┤•',
      `   └${'─'.repeat(11)}`,
      '    0  10 steps',
    ])
  })
})
