import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.mjs'

describe('parseOptions of the experiments', () => {
  it('takes a method and how many seeds', () => {
    expect(parseOptions(['kd', '--seeds', '3'])).toEqual({ slug: 'kd', mode: 'run', seeds: 3, teachers: null })
  })

  it('takes the summary by itself', () => {
    expect(parseOptions(['--summary'])).toMatchObject({ slug: null, mode: 'summary' })
  })

  it('takes where teachers are kept, and what to do instead of a run', () => {
    expect(parseOptions(['kd', '--tune', '--teachers', 'dir'])).toMatchObject({ mode: 'tune', teachers: 'dir' })
  })

  it.each([
    [[]],
    [['kd', '--summary']],
    [['kd', '--seeds', '0']],
    [['../kd']],
    [['kd', 'at']],
    [['kd', '--tune', '--page']],
    [['kd', '--teachers']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow('npm run experiments')
  })
})
