import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.mjs'

describe('parseOptions of the experiments', () => {
  it('takes a method and how many seeds', () => {
    expect(parseOptions(['kd', '--seeds', '3'])).toEqual({ slug: 'kd', summary: false, quick: false, seeds: 3 })
  })

  it('takes the summary by itself', () => {
    expect(parseOptions(['--summary'])).toMatchObject({ slug: null, summary: true })
  })

  it.each([[[]], [['kd', '--summary']], [['kd', '--seeds', '0']], [['../kd']], [['kd', 'at']]])(
    'refuses %j',
    (args) => {
      expect(() => parseOptions(args)).toThrow('npm run experiments')
    },
  )
})
