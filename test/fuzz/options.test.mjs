import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.mjs'

describe('parseOptions', () => {
  it('sends at least 5000 cases with a fixed seed unless told otherwise', () => {
    expect(parseOptions([])).toMatchObject({ cases: 5000, seed: 1, quick: false })
    expect(parseOptions(['--seed', '7', '--cases', '9000', '--parallel', '3'])).toEqual({
      ...{ cases: 9000, seed: 7, parallel: 3, quick: false },
    })
    expect(parseOptions(['--quick', '--seed', '0'])).toMatchObject({ seed: 0, quick: true })
  })

  it.each([
    [['--cases']],
    [['--cases', '0']],
    [['--seed', 'x']],
    [['--seed', '']],
    [['--fast']],
    [['--parallel', '0']],
  ])('refuses %j with the usage', (args) => {
    expect(() => parseOptions(args)).toThrow(/npm run fuzz -- \[options\]/)
  })
})
