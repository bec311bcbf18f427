import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.mjs'

describe('parseOptions', () => {
  it('runs everything in full when nothing is said', () => {
    expect(parseOptions([])).toMatchObject({ only: ['1', '2', '3', '4', '5'], quick: false, memorySteps: 10_000 })
  })

  it('takes parts and numbers, in any order and together with --quick', () => {
    const options = parseOptions(['--steps', '9', '--quick', '--only', '1,4', '--rounds', '2', '--epochs', '5'])
    expect(options).toMatchObject({ only: ['1', '4'], quick: true, steps: 9, rounds: 2, epochs: 5 })
  })

  it.each([
    [['--only', '6'], 'received "6"'],
    [['--only'], 'received ""'],
    [['--rounds', '0'], 'whole number above 0'],
    [['--steps', 'many'], 'Received "many"'],
    [['--fast'], 'no option --fast'],
  ])('refuses %j and shows the usage', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
    expect(() => parseOptions(args)).toThrow('npm run bench')
  })
})
